"""Exchanges a CI job's ID token for a publish token (trusted-publishing reference, a.2).

Cheap and anonymous checks come first; nothing touches the network or writes before they passed,
and nothing about the registry is told before the signature was verified.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts import audit, limits
from accounts.request_context import current_request
from adapters import jobs
from trustpub import keys, notes
from trustpub.codes import ExchangeCode
from trustpub.echo import printable
from trustpub.errors import ExchangeRefused, TrustedPublishingOff
from trustpub.jwt import (
    TokenRefused,
    UnverifiedToken,
    VerifiedClaims,
    read_unverified,
    replay_lifetime,
    verify,
)
from trustpub.models import ExchangeRefusal, Issuer
from trustpub.operations.grant import CiWorkload, ExchangeRequest, Granted, Verified, grant
from trustpub.operations.readers import grant_reading
from trustpub.providers.reading import for_reading

MINUTE = timedelta(minutes=1)
# Longer ones are remembered by the digest of the token.
MAX_JTI_LENGTH = 255
DISABLED = TrustedPublishingOff().detail


def exchange(*, read_request: Callable[[], ExchangeRequest], address: str) -> Granted:
    """A publish token for the job, or a Refusal that says what would have to change.

    `address` is the network address that the limits count by; the request is read only once they
    let it pass.
    """
    _admit(address)
    request = read_request()
    verified = _verified(request)
    _check_limits(verified)
    try:
        return (grant_reading if request.only_reads else grant)(verified, request)
    except ExchangeRefused as refused:
        _note_refusal(verified, refused)
        raise


def _admit(address: str) -> None:
    """Step 1: the switch and the limit of the address."""
    if not settings.TRUSTED_PUBLISHING:
        raise ExchangeRefused(ExchangeCode.TRUSTED_PUBLISHING_DISABLED, DISABLED)
    limits.hit(
        "exchange",
        address,
        limit=settings.EXCHANGES_PER_ADDRESS,
        window=MINUTE,
        what="exchanges of ID tokens",
    )


def _verified(request: ExchangeRequest) -> Verified:
    """Steps 3 to 10."""
    try:
        token = read_unverified(request.jwt)
        issuer = _issuer(token)
        notes.of_provider(issuer.provider)
        limits.hit(
            "exchange-issuer",
            str(issuer.pk),
            limit=settings.EXCHANGES_PER_ISSUER,
            window=MINUTE,
            what="exchanges of this issuer's ID tokens",
        )
        claims = _claims(token, issuer)
        adapter = for_reading(issuer.adapter) if request.only_reads else issuer.adapter
        workload = adapter.read(claims, token.issuer, web_base=issuer.web_url)
    except TokenRefused as refused:
        raise ExchangeRefused(refused.code, refused.message) from None
    return Verified(
        issuer,
        workload,
        _replay_key(token, claims, issuer.adapter.replay_claim),
        replay_lifetime(claims),
        _expiry(claims),
    )


def _replay_key(token: UnverifiedToken, claims: VerifiedClaims, name: str) -> str:
    own = claims.get(name)
    if isinstance(own, str) and 0 < len(own) <= MAX_JTI_LENGTH:
        return own
    return token.replay_digest


def _expiry(claims: VerifiedClaims) -> datetime:
    return datetime.fromtimestamp(int(str(claims["exp"])), UTC)


def _issuer(token: UnverifiedToken) -> Issuer:
    """The row whose address is `iss` byte by byte, or the forge whose enterprises share its ids."""
    # Compared here: a database may fold letters, and refuses some characters with an error.
    matching = [
        row
        for row in Issuer.objects.with_switches()
        if row.adapter.issuer_matches(token.issuer, row.url)
    ]
    # An enterprise may have a row of its own beside the forge's.
    found = next((row for row in matching if row.url == token.issuer), None)
    found = found or next(iter(matching), None)
    if found is None:
        raise ExchangeRefused(
            ExchangeCode.UNSUPPORTED_ISSUER,
            f"Unsupported JWT issuer: {printable(token.issuer)}. If your company runs its own "
            "forge, ask this registry's administrator to trust it.",
        )
    if found.is_switched_off:
        raise ExchangeRefused(ExchangeCode.TRUSTED_PUBLISHING_DISABLED, DISABLED)
    if not found.is_enabled:
        raise ExchangeRefused(
            ExchangeCode.ISSUER_DISABLED,
            f"{found.name} is switched off as a source of trusted publishing on this registry.",
        )
    return found


def _claims(token: UnverifiedToken, issuer: Issuer) -> VerifiedClaims:
    return verify(
        token,
        key=keys.key_for(issuer, token.issuer, token.kid),
        algorithms=issuer.algorithms,
        issuer=token.issuer,
        audiences=issuer.adapter.audiences(settings.AUDIENCES, token.issuer),
        max_lifetime=issuer.adapter.lifetime,
        now=timezone.now(),
    )


def _check_limits(verified: Verified) -> None:
    repository = f"{verified.issuer.pk}:{verified.workload.repository_id}"
    limits.hit(
        "exchange-repository",
        repository,
        limit=settings.EXCHANGES_PER_REPOSITORY,
        window=MINUTE,
        what="exchanges from this repository",
    )
    limits.check(
        "failed-exchange",
        repository,
        limit=settings.FAILED_EXCHANGES_PER_REPOSITORY,
        window=MINUTE,
        what="failed exchanges from this repository",
    )


def _note_refusal(verified: Verified, refused: ExchangeRefused) -> None:
    """Keeps the refusal for the owners and counts it; the grant itself was rolled back."""
    limits.count(
        "failed-exchange", f"{verified.issuer.pk}:{verified.workload.repository_id}", window=MINUTE
    )
    with transaction.atomic():
        noted = ExchangeRefusal.objects.create(
            request_id=current_request().request_id,
            issuer=verified.issuer,
            code=refused.code,
            detail=refused.detail,
            workload=verified.workload.as_dict(),
            differences=refused.extra.get("publishers", []),
            replay_key=verified.replay_key,
        )
        replayed = refused.code == ExchangeCode.TOKEN_REUSED
        audit.record(
            "exchange.replayed" if replayed else "exchange.refused",
            actor=CiWorkload(verified.workload),
            subject=str(noted.pk),
            after={"code": refused.code},
        )
        if refused.code == ExchangeCode.IDENTITY_CHANGED:
            jobs.after_commit("trustpub.suspend_changed", noted.pk)
