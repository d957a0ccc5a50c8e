"""From the text of an ID token and a key to verified claims; the unverified are another type."""

import binascii
import hashlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import NoReturn

from jwt.algorithms import get_default_algorithms
from jwt.exceptions import PyJWTError

from trustpub.codes import ExchangeCode
from trustpub.echo import printable
from trustpub.jwks import ALGORITHMS, MAX_KID_LENGTH, PublicJwk
from trustpub.strict_json import UnacceptableJson, read_object

MAX_TOKEN_LENGTH = 16 * 1024
MAX_ISSUER_LENGTH = 1024

# How far the issuer's clock and ours may differ. The replay store derives its lifetime from the
# same constant, so that no token is forgotten while it is still accepted.
LEEWAY = timedelta(seconds=60)
_REPLAY_MARGIN = timedelta(seconds=60)

# What takes the token's text apart is in this file; the library only does the arithmetic.
_VERIFIERS = {
    name: verifier for name, verifier in get_default_algorithms().items() if name in ALGORITHMS
}

_LATEST_TIME = int(datetime(9999, 1, 1, tzinfo=UTC).timestamp())


class TokenRefused(Exception):
    """This ID token can't be accepted; the message is in plain words and safe to show.

    `signed` are its claims where the signature was good and something else is not: they say whose
    job it was, and nothing may be granted for them.
    """

    def __init__(self, code: ExchangeCode, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.signed: SignedClaims | None = None


class UnverifiedToken:
    """A well-formed token whose signature nobody has checked yet.

    Only what is needed to find the issuer and its key can be read from it.
    """

    __slots__ = ("_algorithm", "_issuer", "_kid", "_payload", "_signature", "_text")

    def __init__(
        self,
        text: str,
        *,
        issuer: str,
        kid: str,
        algorithm: str,
        payload: dict[str, object],
        signature: bytes,
    ) -> None:
        self._text = text
        # For `verify` alone, which hands it out once the signature is good.
        self._payload = payload
        self._signature = signature
        self._issuer = issuer
        self._kid = kid
        self._algorithm = algorithm

    @property
    def issuer(self) -> str:
        return self._issuer

    @property
    def kid(self) -> str:
        return self._kid

    @property
    def algorithm(self) -> str:
        return self._algorithm

    @property
    def replay_digest(self) -> str:
        """SHA-256 (hex) of header and payload.

        Not of the signature: some algorithms allow a second valid signature over the same
        content, which would make the same token look new.
        """
        return hashlib.sha256(self._signed_part).hexdigest()

    @property
    def _signed_part(self) -> bytes:
        return self._text.rpartition(".")[0].encode("ascii")

    def _payload_signed_by(self, key: PublicJwk) -> dict[str, object] | None:
        """The claims if this key signed just them, by the algorithm that the token names."""
        verifier = _VERIFIERS[self._algorithm]
        public_key = verifier.prepare_key(key.public_key)
        is_good = verifier.verify(self._signed_part, public_key, self._signature)
        return self._payload if is_good else None

    def __repr__(self) -> str:
        return f"<UnverifiedToken of {printable(self._issuer)}>"


class SignedClaims(Mapping[str, object]):
    """The claims of a token whose signature is good; read-only."""

    __slots__ = ("_claims",)

    def __init__(self, claims: Mapping[str, object]) -> None:
        self._claims = dict(claims)

    def __getitem__(self, name: str) -> object:
        return self._claims[name]

    def get(self, name: str, default: object = None) -> object:
        # That of Mapping raises and catches an error where there is none.
        return self._claims.get(name, default)

    def __iter__(self) -> Iterator[str]:
        return iter(self._claims)

    def __len__(self) -> int:
        return len(self._claims)

    def __repr__(self) -> str:
        # Claims hold personal data, and a repr ends up in logs.
        return f"<{type(self).__name__}: {len(self)} of {printable(self.get('iss'))}>"


class VerifiedClaims(SignedClaims):
    """The claims of a token that passed every check of this module."""

    __slots__ = ()


def read_unverified(text: str) -> UnverifiedToken:
    """Takes a token apart without trusting it (trusted-publishing.md a.2 step 3, a.3, a.4).

    Raises TokenRefused with `malformed_token`.
    """
    if len(text) > MAX_TOKEN_LENGTH:
        _malformed(f"The token is longer than {MAX_TOKEN_LENGTH} characters.")
    segments = text.split(".")
    if len(segments) != 3:
        _malformed("The token is not a signed JWT: it must have exactly three parts.")
    header = _read_segment(segments[0], "header")
    payload = _read_segment(segments[1], "payload")
    signature = _decode_segment(segments[2], "signature")
    issuer = payload.get("iss")
    if not isinstance(issuer, str) or not 0 < len(issuer) <= MAX_ISSUER_LENGTH:
        _malformed('The token names no issuer: the claim "iss" must be a text.')
    return UnverifiedToken(
        text,
        issuer=issuer,
        kid=_read_kid(header),
        algorithm=_read_algorithm(header),
        payload=payload,
        signature=signature,
    )


def verify(
    token: UnverifiedToken,
    *,
    key: PublicJwk,
    algorithms: Sequence[str],
    issuer: str,
    audiences: Sequence[str],
    max_lifetime: timedelta,
    now: datetime,
    leeway: timedelta = LEEWAY,
) -> VerifiedClaims:
    """The claims of `token` once signature, issuer, audience and times hold (a.8, a.9).

    `algorithms` and `max_lifetime` come from the issuer's record, never from the token; `now`
    must be aware. Raises TokenRefused.
    """
    claims = _signed_claims(token, key, algorithms)
    if claims.get("iss") != issuer:
        _refuse(ExchangeCode.WRONG_ISSUER, "The token was issued by another issuer.")
    try:
        _check_audience(claims, audiences)
        _check_times(claims, max_lifetime, now, leeway)
    except TokenRefused as refused:
        refused.signed = SignedClaims(claims)
        raise
    return VerifiedClaims(claims)


def replay_lifetime(claims: VerifiedClaims) -> datetime:
    """Until when a used token must be remembered: longer than it could be accepted."""
    return _moment(_time(claims, "exp")) + LEEWAY + _REPLAY_MARGIN


def _read_segment(segment: str, part: str) -> dict[str, object]:
    try:
        return read_object(_decode_segment(segment, part))
    except UnacceptableJson as problem:
        _malformed(f"The token's {part} can't be read: {problem}.")


def _decode_segment(segment: str, part: str) -> bytes:
    try:
        data = urlsafe_b64decode(segment + "=" * (-len(segment) % 4))
    except (binascii.Error, ValueError):
        data = b""
    # Python's decoder skips foreign characters and stray bits; only one spelling is accepted.
    if not data or urlsafe_b64encode(data).rstrip(b"=").decode("ascii") != segment:
        _malformed(f"The token's {part} is not base64url without padding.")
    return data


def _read_kid(header: Mapping[str, object]) -> str:
    kid = header.get("kid")
    if not isinstance(kid, str) or not 0 < len(kid) <= MAX_KID_LENGTH:
        _malformed('The token\'s header must name its key: a text "kid" of 1 to 256 characters.')
    return kid


def _read_algorithm(header: Mapping[str, object]) -> str:
    for name in ("crit", "b64"):
        if name in header:
            _malformed(f'The token\'s header has the member "{name}", which is not supported.')
    algorithm = header.get("alg")
    if not isinstance(algorithm, str) or not 0 < len(algorithm) <= 32:
        _malformed('The token\'s header must name its algorithm: a text "alg".')
    if algorithm.lower() == "none" or algorithm.upper().startswith("HS"):
        _malformed("The token must be signed with a public-key algorithm such as RS256.")
    return algorithm


def _signed_claims(
    token: UnverifiedToken, key: PublicJwk, algorithms: Sequence[str]
) -> dict[str, object]:
    if token.algorithm not in algorithms:
        _malformed(
            f"The token is signed with {printable(token.algorithm, 32)}; "
            f"this issuer's tokens must use {', '.join(algorithms)}."
        )
    if key.kid != token.kid or not key.fits(token.algorithm):
        _refuse(ExchangeCode.INVALID_SIGNATURE, "The token's algorithm does not fit its key.")
    try:
        claims = token._payload_signed_by(key)  # noqa: SLF001 - hidden from everybody else
    except (PyJWTError, ValueError, TypeError):
        # What the library says could help a forger and helps nobody else.
        claims = None
    if claims is None:
        _refuse(ExchangeCode.INVALID_SIGNATURE, "The token's signature does not verify.")
    return claims


def _check_audience(claims: Mapping[str, object], audiences: Sequence[str]) -> None:
    audience = claims.get("aud")
    if audience is None:
        _missing("aud")
    named = audience if isinstance(audience, list) else [audience]
    expected = " or ".join(f'"{name}"' for name in audiences)
    if len(named) != 1 or not isinstance(named[0], str):
        # Shared with another service, the token could be replayed here by that service.
        _refuse(
            ExchangeCode.INVALID_AUDIENCE,
            f"The token must name exactly one audience, {expected}.",
        )
    if named[0] not in audiences:
        _refuse(
            ExchangeCode.INVALID_AUDIENCE,
            f'The token is for the audience "{printable(named[0])}"; request one for {expected}.',
        )


def _check_times(
    claims: Mapping[str, object], max_lifetime: timedelta, now: datetime, leeway: timedelta
) -> None:
    expires, issued = _time(claims, "exp"), _time(claims, "iat")
    starts = _time(claims, "nbf") if "nbf" in claims else issued
    if expires <= issued:
        _refuse(ExchangeCode.UNEXPECTED_CLAIM, 'The claim "exp" must be later than "iat".')
    # With the check of `exp` below this also bounds how long ago the token was issued.
    if expires - issued > max_lifetime.total_seconds():
        _refuse(
            ExchangeCode.TOKEN_TOO_LONG,
            f"The token is valid longer than the {_duration(max_lifetime)} accepted from this "
            f"issuer: {_times(issued, starts, expires, now)}.",
        )
    if max(starts, issued) > (now + leeway).timestamp():
        _refuse(
            ExchangeCode.TOKEN_NOT_YET_VALID,
            f"The token is not valid yet: {_times(issued, starts, expires, now)}. Check the clock "
            "of the issuer, or try again later.",
        )
    if expires <= (now - leeway).timestamp():
        _refuse(
            ExchangeCode.TOKEN_EXPIRED,
            f"The token has expired: {_times(issued, starts, expires, now)}. Request a new one "
            "right before the exchange.",
        )


def _times(issued: int, starts: int, expires: int, now: datetime) -> str:
    return (
        f"it was issued at {_clock(issued)}, is valid from {_clock(starts)} to {_clock(expires)}, "
        f"and our clock shows {_show(now)}"
    )


def _time(claims: Mapping[str, object], name: str) -> int:
    value = claims.get(name)
    if value is None and name != "nbf":
        _missing(name)
    # bool is an int to Python; `true` is not a time.
    if type(value) is not int or not 0 < value < _LATEST_TIME:
        _refuse(
            ExchangeCode.UNEXPECTED_CLAIM,
            f'The claim "{name}" must be a time in whole seconds since 1970.',
        )
    return value


def _moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _clock(seconds: int) -> str:
    return _show(_moment(seconds))


def _show(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def _duration(span: timedelta) -> str:
    minutes = int(span.total_seconds() // 60)
    return f"{minutes // 60} h" if minutes % 60 == 0 else f"{minutes} min"


def _missing(name: str) -> NoReturn:
    _refuse(ExchangeCode.MISSING_CLAIM, f'The token lacks the claim "{name}".')


def _malformed(message: str) -> NoReturn:
    _refuse(ExchangeCode.MALFORMED_TOKEN, message)


def _refuse(code: ExchangeCode, message: str) -> NoReturn:
    raise TokenRefused(code, message)
