"""The machine-readable outcomes of an exchange that ends in a "no"."""

from enum import IntEnum, StrEnum


class Tier(IntEnum):
    """How much an answer may tell (trusted-publishing.md a.11)."""

    UNVERIFIED = 0  # signature not verified: nothing about the registry
    VERIFIED = 1  # the caller's own claims may be echoed
    KNOWN_IDENTITY = 2  # a stable ID matches a publisher: expected values may be shown


class ExchangeCode(StrEnum):
    """Why an ID token was not exchanged, with the HTTP status and the disclosure tier."""

    status: int
    tier: Tier

    def __new__(cls, value: str, status: int, tier: Tier) -> "ExchangeCode":
        code = str.__new__(cls, value)
        code._value_ = value
        code.status = status
        code.tier = tier
        return code

    TRUSTED_PUBLISHING_DISABLED = "trusted_publishing_disabled", 503, Tier.UNVERIFIED
    RATE_LIMITED = "rate_limited", 429, Tier.UNVERIFIED
    INVALID_REQUEST = "invalid_request", 400, Tier.UNVERIFIED
    MALFORMED_TOKEN = "malformed_token", 400, Tier.UNVERIFIED
    UNSUPPORTED_ISSUER = "unsupported_issuer", 400, Tier.UNVERIFIED
    ISSUER_DISABLED = "issuer_disabled", 403, Tier.UNVERIFIED
    UNKNOWN_KEY = "unknown_key", 400, Tier.UNVERIFIED
    JWKS_UNAVAILABLE = "jwks_unavailable", 503, Tier.UNVERIFIED
    INVALID_SIGNATURE = "invalid_signature", 400, Tier.UNVERIFIED

    WRONG_ISSUER = "wrong_issuer", 400, Tier.VERIFIED
    INVALID_AUDIENCE = "invalid_audience", 400, Tier.VERIFIED
    TOKEN_EXPIRED = "token_expired", 400, Tier.VERIFIED
    TOKEN_NOT_YET_VALID = "token_not_yet_valid", 400, Tier.VERIFIED
    TOKEN_TOO_LONG = "token_too_long", 400, Tier.VERIFIED
    MISSING_CLAIM = "missing_claim", 400, Tier.VERIFIED
    UNEXPECTED_CLAIM = "unexpected_claim", 400, Tier.VERIFIED
    EVENT_NOT_ALLOWED = "event_not_allowed", 403, Tier.VERIFIED
    NO_PUBLISHER = "no_publisher", 403, Tier.VERIFIED
    TOKEN_REUSED = "token_reused", 409, Tier.VERIFIED

    PUBLISHER_MISMATCH = "publisher_mismatch", 403, Tier.KNOWN_IDENTITY
    IDENTITY_CHANGED = "identity_changed", 403, Tier.KNOWN_IDENTITY
    PUBLISHER_SUSPENDED = "publisher_suspended", 403, Tier.KNOWN_IDENTITY
    PENDING_CONFLICT = "pending_conflict", 409, Tier.KNOWN_IDENTITY
