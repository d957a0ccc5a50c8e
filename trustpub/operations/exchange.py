"""Exchanges a CI job's ID token for a publish token (trusted-publishing reference, a.2).

Cheap and anonymous checks come first; nothing touches the network or writes before they passed,
and nothing about the registry is told before the signature was verified.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.utils import timezone

from accounts import limits
from accounts.client_address import limited_as
from accounts.limits import Limit
from trustpub import keys, notes
from trustpub.codes import ExchangeCode
from trustpub.echo import printable
from trustpub.errors import ExchangeRefused, TrustedPublishingOff
from trustpub.jwt import (
    SignedClaims,
    TokenRefused,
    UnverifiedToken,
    VerifiedClaims,
    read_unverified,
    replay_lifetime,
    verify,
)
from trustpub.models import Issuer, KeySetRow
from trustpub.operations.grant import ExchangeRequest, Granted, grant
from trustpub.operations.noted import note_refusal
from trustpub.operations.readers import grant_reading
from trustpub.operations.verified import Verified
from trustpub.providers.base import Provider
from trustpub.providers.reading import for_reading
from trustpub.workload import Workload

MINUTE = timedelta(minutes=1)
# Longer ones are remembered by the digest of the token.
MAX_JTI_LENGTH = 255
DISABLED = TrustedPublishingOff().detail


def exchange(*, read_request: Callable[[], ExchangeRequest], address: str) -> Granted:
    """A publish token for the job, or a Refusal that says what would have to change.

    What is no request or no JWT is refused before the database is asked anything. `address` is
    the network address that the limits count by.
    """
    if not settings.TRUSTED_PUBLISHING:
        raise ExchangeRefused(ExchangeCode.TRUSTED_PUBLISHING_DISABLED, DISABLED)
    request = read_request()
    token = _read(request.jwt)
    verified = _verified(token, address, only_reads=request.only_reads)
    try:
        return (grant_reading if request.only_reads else grant)(verified, request)
    except ExchangeRefused as refused:
        note_refusal(
            verified.issuer,
            verified.workload,
            refused,
            verified.replay_key,
            dry_run=request.dry_run,
        )
        raise


def _read(text: str) -> UnverifiedToken:
    """Step 3: the token taken apart."""
    try:
        return read_unverified(text)
    except TokenRefused as refused:
        raise ExchangeRefused(refused.code, refused.message) from None


def _verified(token: UnverifiedToken, address: str, *, only_reads: bool) -> Verified:
    """Steps 4 to 10. Every attempt is counted once, those that end here by address and issuer."""
    of_address = _limit_of_address(address)
    try:
        issuer, row = _issuer(token)
    except ExchangeRefused:
        limits.hit_all([of_address])
        raise
    notes.of_provider(issuer.provider)
    # Anybody can send what was never signed: it must not use up what honest jobs are allowed.
    anonymous = [of_address, _limit_of_issuer("forged-exchange", token.issuer)]
    try:
        claims = _claims(token, issuer, row)
    except ExchangeRefused:
        limits.hit_all(anonymous)
        raise
    except TokenRefused as refused:
        # First, because what follows writes.
        limits.hit_all(anonymous)
        raise _refused_claims(issuer, refused.signed, refused) from None
    provider = for_reading(issuer.adapter) if only_reads else issuer.adapter
    try:
        workload = provider.read(claims, token.issuer, web_base=issuer.web_url)
    except TokenRefused as refused:
        limits.hit_all(anonymous)
        raise _refused_claims(issuer, claims, refused) from None
    of_issuer = _limit_of_issuer("exchange-issuer", token.issuer)
    limits.hit_all([of_address, of_issuer, *_limits_after(issuer, workload)])
    return Verified(
        issuer,
        workload,
        _replay_key(token, claims, provider.replay_claim),
        replay_lifetime(claims),
        _expiry(claims),
        _actor_id(provider, claims),
    )


def _refused_claims(
    issuer: Issuer, claims: SignedClaims | None, refused: TokenRefused
) -> ExchangeRefused:
    """Kept for the owners whom it concerns, as far as the claims say whose job it was.

    What was said before the signature was verified is anybody's word, and is not kept.
    """
    answer = ExchangeRefused(refused.code, refused.message)
    workload = issuer.adapter.noted(claims) if claims is not None else None
    if workload:
        # An old token stands in many a log: whoever sends one must not use up what the
        # repository's own jobs may get wrong.
        note_refusal(issuer, workload, answer, counts=isinstance(claims, VerifiedClaims))
    return answer


def _actor_id(provider: Provider, claims: VerifiedClaims) -> str:
    value = claims.get(provider.actor_claim) if provider.actor_claim else None
    return str(value) if isinstance(value, str | int) else ""


def _replay_key(token: UnverifiedToken, claims: VerifiedClaims, name: str) -> str:
    own = claims.get(name)
    if isinstance(own, str) and 0 < len(own) <= MAX_JTI_LENGTH:
        return own
    return token.replay_digest


def _expiry(claims: VerifiedClaims) -> datetime:
    return datetime.fromtimestamp(int(str(claims["exp"])), UTC)


def _issuer(token: UnverifiedToken) -> tuple[Issuer, KeySetRow | None]:
    """The row whose address is `iss` byte by byte, or the forge whose enterprises share its ids.

    With the issuer's stored keys where one question gives both.
    """
    row = keys.known(token.issuer)
    if row is not None and _serves(row.issuer, token.issuer):
        return _enabled(row.issuer, off=row.is_switched_off), row
    # Compared here: a database may fold letters, and refuses some characters with an error.
    matching = [
        issuer
        for issuer in Issuer.objects.with_switches()
        if issuer.adapter.issuer_matches(token.issuer, issuer.url)
    ]
    # An enterprise may have a row of its own beside the forge's.
    found = next((issuer for issuer in matching if issuer.url == token.issuer), None)
    found = found or next(iter(matching), None)
    if found is None:
        notes.of_stranger(token.issuer)
        raise ExchangeRefused(
            ExchangeCode.UNSUPPORTED_ISSUER,
            f"Unsupported JWT issuer: {printable(token.issuer)}. If your company runs its own "
            "forge, ask this registry's administrator to trust it.",
        )
    return _enabled(found, off=found.is_switched_off), row


def _serves(issuer: Issuer, issuer_url: str) -> bool:
    return issuer.url == issuer_url and issuer.adapter.issuer_matches(issuer_url, issuer.url)


def _enabled(issuer: Issuer, *, off: bool) -> Issuer:
    if off:
        raise ExchangeRefused(ExchangeCode.TRUSTED_PUBLISHING_DISABLED, DISABLED)
    if not issuer.is_enabled:
        raise ExchangeRefused(
            ExchangeCode.ISSUER_DISABLED,
            f"{issuer.name} is switched off as a source of trusted publishing on this registry.",
        )
    return issuer


def _claims(token: UnverifiedToken, issuer: Issuer, row: KeySetRow | None) -> VerifiedClaims:
    now = timezone.now()
    return verify(
        token,
        key=keys.key_for(issuer, token.issuer, token.kid, row=row),
        algorithms=issuer.algorithms,
        issuer=token.issuer,
        audiences=issuer.adapter.audiences(_own_audiences(now), token.issuer),
        max_lifetime=issuer.adapter.lifetime,
        now=now,
    )


def _own_audiences(now: datetime) -> tuple[str, ...]:
    """This registry's, and for the time of a move the one that it had before."""
    former = settings.FORMER_AUDIENCE
    if former is None or now >= former.ends_at:
        return settings.AUDIENCES
    return (*settings.AUDIENCES, former.name)


def _limit_of_address(address: str) -> Limit:
    return Limit(
        "exchange",
        limited_as(address),
        settings.EXCHANGES_PER_ADDRESS,
        MINUTE,
        "exchanges of ID tokens",
    )


def _limit_of_issuer(name: str, issuer_url: str) -> Limit:
    return Limit(
        name,
        issuer_url,
        settings.EXCHANGES_PER_ISSUER,
        MINUTE,
        "exchanges of this issuer's ID tokens",
    )


def _limits_after(issuer: Issuer, workload: Workload) -> list[Limit]:
    repository = f"{issuer.pk}:{workload.repository_id}"
    return [
        Limit(
            "exchange-repository",
            repository,
            settings.EXCHANGES_PER_REPOSITORY,
            MINUTE,
            "exchanges from this repository",
        ),
        Limit(
            "failed-exchange",
            repository,
            settings.FAILED_EXCHANGES_PER_REPOSITORY,
            MINUTE,
            "failed exchanges from this repository",
            by=0,
        ),
    ]
