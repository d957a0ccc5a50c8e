"""Exchanges a CI job's ID token for a publish token (trusted-publishing reference, a.2).

Cheap and anonymous checks come first; nothing touches the network or writes before they passed,
and nothing about the registry is told before the signature was verified.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.utils import timezone

from accounts import limits
from accounts.client_address import limited_as
from accounts.errors import TooManyRequests
from accounts.limits import Limit
from trustpub import keys, known_issuers, notes
from trustpub.codes import ExchangeCode
from trustpub.echo import printable
from trustpub.errors import AUDIENCE, ExchangeRefused, TrustedPublishingOff
from trustpub.jwks import PublicJwk
from trustpub.jwt import (
    SignedClaims,
    TokenRefused,
    UnverifiedToken,
    VerifiedClaims,
    read_unverified,
    replay_lifetime,
    verify,
)
from trustpub.models import Issuer, KeySetRow, SwitchedOff
from trustpub.models.switch import TRUSTED_PUBLISHING
from trustpub.operations.grant import ExchangeRequest, Granted, LookAgain, grant
from trustpub.operations.noted import note_refusal
from trustpub.operations.readers import grant_reading
from trustpub.operations.unknown_claims import note_unknown_claims
from trustpub.operations.verified import Recalled, Verified
from trustpub.providers.base import Provider
from trustpub.providers.reading import for_reading
from trustpub.workload import Workload

MINUTE = timedelta(minutes=1)
# Longer ones, and odd ones, are remembered by the digest of the token.
MAX_JTI_LENGTH = 255
DISABLED = TrustedPublishingOff().detail
# The same of each limit: whose is used up is not told (a.11).
COUNTED = "exchanges of ID tokens"


def exchange(*, read_request: Callable[[], ExchangeRequest], address: str) -> Granted:
    """A publish token for the job, or a Refusal that says what would have to change.

    What is no request or no JWT is refused before the database is asked anything. `address` is
    the network address that the limits count by.
    """
    if not settings.TRUSTED_PUBLISHING:
        raise ExchangeRefused(ExchangeCode.TRUSTED_PUBLISHING_DISABLED, DISABLED)
    request = read_request()
    token = _read(request.jwt)
    verified, uncounted = _verified(token, address, request)
    try:
        return _granted(token, verified, request, uncounted)
    except LookAgain:
        known_issuers.forget(token.issuer)
        return _granted(token, _looked_up(token, only_reads=request.only_reads), request)


def _granted(
    token: UnverifiedToken,
    verified: Verified,
    request: ExchangeRequest,
    uncounted: Sequence[Limit] = (),
) -> Granted:
    try:
        if request.only_reads:
            return grant_reading(verified, request)
        return grant(verified, request, uncounted)
    except TooManyRequests:
        _give_back(token, verified)
        raise
    except ExchangeRefused as refused:
        # A spent one is no secret: whoever finds it in a log can send it as often as they like.
        is_spent = refused.code == ExchangeCode.TOKEN_REUSED
        if is_spent:
            _give_back(token, verified)
        note_refusal(
            verified.issuer,
            verified.workload,
            refused,
            verified.replay_key,
            counts=not is_spent,
            dry_run=request.dry_run,
        )
        raise


def _give_back(token: UnverifiedToken, verified: Verified) -> None:
    """Nobody uses up what others are allowed by asking more often than they are."""
    limits.give_back(_limits_of_job(verified.issuer, token.issuer, verified.workload))


def _read(text: str) -> UnverifiedToken:
    """Step 3: the token taken apart."""
    try:
        return read_unverified(text)
    except TokenRefused as refused:
        raise ExchangeRefused(refused.code, refused.message) from None


def _verified(
    token: UnverifiedToken, address: str, request: ExchangeRequest
) -> tuple[Verified, Sequence[Limit]]:
    """Steps 4 to 10. Every attempt is counted once, those that end here by address and issuer.

    With the limits for which the question for the rules counts, which is asked next.
    """
    of_address = _limit_of_address(address)
    verified = None if request.only_reads or request.dry_run else _recalled(token)
    if verified is None:
        # Anybody can send what was never signed: it must not use up what honest jobs are allowed.
        of_forged = _limit_of_issuer("forged-exchange", token.issuer)
        verified = _looked_up(token, of_address, of_forged, only_reads=request.only_reads)
    counted = [of_address, *_limits_of_job(verified.issuer, token.issuer, verified.workload)]
    if verified.recalled and not settings.REDIS_LIMITS:
        return verified, counted
    try:
        limits.hit_all(counted)
    except TooManyRequests:
        _give_back(token, verified)
        raise
    return verified, ()


def _recalled(token: UnverifiedToken) -> Verified | None:
    """By what this process knows of the issuer; None unless that lets the token pass."""
    known = known_issuers.recall(token.issuer)
    key = known.keys.get(token.kid) if known else None
    if known is None or key is None or not known.issuer.is_enabled:
        return None
    notes.of_provider(known.issuer.provider)
    try:
        claims = _claims(token, known.issuer, key)
        return _job(
            token,
            claims,
            known.issuer,
            known.issuer.adapter,
            Recalled(token.issuer, known.row_versions),
        )
    except TokenRefused:
        return None


def _looked_up(token: UnverifiedToken, *counted: Limit, only_reads: bool) -> Verified:
    """By the rows of the issuer; a refusal counts in these limits: the address's, the issuer's."""
    try:
        issuer, row = _issuer(token)
    except ExchangeRefused:
        limits.hit_all(counted[:1])
        raise
    notes.of_provider(issuer.provider)
    provider = for_reading(issuer.adapter) if only_reads else issuer.adapter
    claims: VerifiedClaims | None = None
    try:
        claims = _claims(token, issuer, keys.key_for(issuer, token.issuer, token.kid, row=row))
        return _job(token, claims, issuer, provider)
    except ExchangeRefused:
        limits.hit_all(counted)
        raise
    except TokenRefused as refused:
        # First, because what follows writes.
        limits.hit_all(counted)
        raise _refused_claims(issuer, claims or refused.signed, refused) from None


def _job(
    token: UnverifiedToken,
    claims: VerifiedClaims,
    issuer: Issuer,
    provider: Provider,
    recalled: Recalled | None = None,
) -> Verified:
    """Raises TokenRefused for claims that are no job's."""
    note_unknown_claims(issuer, claims)
    return Verified(
        issuer,
        provider.read(claims, token.issuer, web_base=issuer.web_url),
        _replay_key(token, claims, provider.replay_claim),
        replay_lifetime(claims),
        _expiry(claims),
        _actor_id(provider, claims),
        recalled,
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
    # Most providers say nothing of it, and PostgreSQL keeps no text with a NUL.
    if isinstance(own, str) and 0 < len(own) <= MAX_JTI_LENGTH and own.isprintable():
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
        if SwitchedOff.objects.filter(name=TRUSTED_PUBLISHING).exists():
            raise ExchangeRefused(ExchangeCode.TRUSTED_PUBLISHING_DISABLED, DISABLED)
        notes.of_stranger(token.issuer)
        raise ExchangeRefused(
            ExchangeCode.UNSUPPORTED_ISSUER,
            f"Unsupported JWT issuer: {printable(token.issuer)}. If your company runs its own "
            f"forge, ask this registry's administrator to trust it. Trusted are: {AUDIENCE}",
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


def _claims(token: UnverifiedToken, issuer: Issuer, key: PublicJwk) -> VerifiedClaims:
    now = timezone.now()
    return verify(
        token,
        key=key,
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
        COUNTED,
    )


def _limit_of_issuer(name: str, issuer_url: str) -> Limit:
    return Limit(
        name,
        issuer_url,
        settings.EXCHANGES_PER_ISSUER,
        MINUTE,
        COUNTED,
    )


def _limits_of_job(issuer: Issuer, issuer_url: str, workload: Workload) -> list[Limit]:
    """Those that all jobs of its issuer share, and those of its repository."""
    repository = f"{issuer.url} {workload.repository_id}"
    return [
        _limit_of_issuer("exchange-issuer", issuer_url),
        Limit(
            "exchange-repository",
            repository,
            settings.EXCHANGES_PER_REPOSITORY,
            MINUTE,
            COUNTED,
        ),
        Limit(
            "failed-exchange",
            repository,
            settings.FAILED_EXCHANGES_PER_REPOSITORY,
            MINUTE,
            COUNTED,
            by=0,
        ),
    ]
