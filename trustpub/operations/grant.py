"""Grants a publish token in one transaction: lock, match, pin, spend, mint (a.2 step 12).

Any refusal rolls everything back, so a mismatch does not burn the ID token.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts import audit, token_text
from accounts.scopes import Scope
from accounts.token_text import TokenKind
from adapters import jobs
from registry.formats.names import canonical
from trustpub.binding import Binding
from trustpub.codes import ExchangeCode
from trustpub.echo import printable
from trustpub.errors import ExchangeRefused
from trustpub.matching import Match, match
from trustpub.models import (
    PendingPublisher,
    Publisher,
    PublisherCrate,
    PublishToken,
    SpentIdToken,
)
from trustpub.operations import minting
from trustpub.operations.advice import warnings_of
from trustpub.operations.founders import founding
from trustpub.operations.locked_rules import lock_rules
from trustpub.operations.minting import Sightings
from trustpub.operations.refusals import conflict, refusal_of
from trustpub.operations.rules import pin
from trustpub.operations.sharing import take_place
from trustpub.operations.verified import Verified
from trustpub.workload import Workload

VERIFIED_PRECISION = timedelta(minutes=1)
# A publish token never outlives its ID token by more than this.
LONGEST_AFTER_ID_TOKEN = timedelta(minutes=60)


@dataclass(frozen=True, slots=True)
class ExchangeRequest:
    """What the job sent: its ID token, and what it wants the publish token narrowed to."""

    # Not in a repr, which ends up in logs.
    jwt: str = field(repr=False)
    # None: everything that its publishers allow.
    crates: tuple[str, ...] | None = None
    # The only archive that the token shall publish (d.5).
    binding: Binding | None = None
    # A token that reads from a private registry and publishes nothing (d.8).
    only_reads: bool = False
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class Granted:
    """`text` is the publish token, told this once and kept nowhere; empty after a dry run."""

    text: str = field(repr=False)
    expires_at: datetime
    crates: tuple[str, ...]
    new_names: tuple[str, ...]
    binding: Binding | None = None
    scopes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


class CiWorkload:
    """The job itself, as the audit log shows it."""

    kind = "ci_job"

    def __init__(self, workload: Workload) -> None:
        self.identifier = workload.run_id
        self.label = f"{workload.provider}: {workload.title}"


@transaction.atomic
def grant(verified: Verified, request: ExchangeRequest) -> Granted:
    """The token for every publisher that matches fully; raises ExchangeRefused if none does.

    A dry run spends the ID token, because it tends to happen where many read the log, and
    changes nothing else.
    """
    rules = lock_rules(verified.issuer, verified.workload, verified.actor_id)
    result = match(verified.workload, rules.views())
    if result.refusal_code is not None:
        raise refusal_of(result, verified.issuer, verified.workload)
    matched = [found.publisher.key for found in result.full]
    grants = rules.standing_grants(rule for rule in matched if isinstance(rule, Publisher))
    waiting = (rule for rule in matched if isinstance(rule, PendingPublisher))
    pending = founding(waiting, grants, verified)
    if not grants and not pending:
        raise conflict()
    grants, pending = _narrowed(request, grants, pending)
    if request.dry_run:
        spend(verified)
        return _told(verified, request, result.full, grants, pending)
    for found in result.full:
        _follow_identity(found, verified.workload)
    return _mint(verified, request, grants, pending)


def _follow_identity(found: Match, workload: Workload) -> None:
    """Pins ids at first sight and takes over a rename; a pending rule waits for its publish."""
    rule = found.publisher.key
    if not isinstance(rule, Publisher) or not (found.pins or found.renamed):
        return
    before, former_name = rule.facts(), rule.repository
    pin(rule, workload)
    take_place(rule)
    rule.pin_before = None
    audit.record(
        "publisher.renamed" if found.renamed else "publisher.pinned",
        actor=CiWorkload(workload),
        subject=str(rule),
        before=before,
        after=rule.facts(),
    )
    if found.renamed:
        jobs.after_commit("trustpub.mail_publisher_renamed", rule.pk, former_name)
    rule.save()


def _narrowed(
    request: ExchangeRequest, grants: list[PublisherCrate], pending: list[PendingPublisher]
) -> tuple[list[PublisherCrate], list[PendingPublisher]]:
    """Less than the publishers allow, where the job asked for less; never more."""
    wanted = request.crates
    if request.binding:
        wanted = (request.binding.name,)
    if wanted is None:
        return grants, pending
    covered = {grant.crate.canonical_name for grant in grants}
    covered |= {rule.canonical_name for rule in pending}
    uncovered = [name for name in wanted if canonical(name) not in covered]
    if uncovered:
        named = [printable(name, 64) for name in uncovered]
        raise ExchangeRefused(
            ExchangeCode.NO_PUBLISHER,
            f"the job's publishers do not cover: {', '.join(named[:10])}",
            extra={"crates": named},
        )
    names = {canonical(name) for name in wanted}
    return (
        [grant for grant in grants if grant.crate.canonical_name in names],
        [rule for rule in pending if rule.canonical_name in names],
    )


def spend(verified: Verified) -> None:
    """Raises ExchangeRefused for an ID token that was exchanged before."""
    if not minting.spend(_spent(verified)):
        raise _reused(verified)


def _spent(verified: Verified) -> SpentIdToken:
    return SpentIdToken(
        issuer_id=verified.issuer.pk, key=verified.replay_key, expires_at=verified.remember_until
    )


def _reused(verified: Verified) -> ExchangeRefused:
    spent = SpentIdToken.objects.get(issuer=verified.issuer, key=verified.replay_key)
    return ExchangeRefused(
        ExchangeCode.TOKEN_REUSED,
        f"JWT has already been used (at {spent.spent_at:%Y-%m-%d %H:%M:%S} UTC); "
        "request a new ID token for each exchange",
    )


def _told(
    verified: Verified,
    request: ExchangeRequest,
    matches: Sequence[Match],
    grants: Sequence[PublisherCrate],
    pending: Sequence[PendingPublisher],
) -> Granted:
    """What a real exchange would have granted, with everything that speaks against it."""
    crates, names = _crate_names(grants), _new_names(pending)
    audit.record(
        "exchange.dry_run",
        actor=CiWorkload(verified.workload),
        after={"crates": list(crates), "new_names": list(names)},
    )
    return Granted(
        "",
        _token_expiry(verified, timezone.now()),
        crates,
        names,
        request.binding,
        scopes=tuple(_scopes(grants, pending)),
        warnings=tuple(warnings_of(matches, verified.workload, verified.expires_at)),
    )


def _mint(
    verified: Verified,
    request: ExchangeRequest,
    grants: Sequence[PublisherCrate],
    pending: Sequence[PendingPublisher],
) -> Granted:
    now = timezone.now()
    text = token_text.new_token(settings.TOKEN_PREFIX, TokenKind.PUBLISH)
    # One that only reads keeps its rules, because it dies with them (d.4), and is for no crate.
    told = ([], []) if request.only_reads else (grants, pending)
    crates, names = _crate_names(told[0]), _new_names(told[1])
    scopes = [Scope.READ] if request.only_reads else _scopes(grants, pending)
    binding = request.binding
    token = PublishToken(
        digest=token_text.digest(text),
        issuer_id=verified.issuer.pk,
        grant_ids=[grant.pk for grant in grants],
        pending_ids=[rule.pk for rule in pending],
        new_names=list(names),
        scopes=scopes,
        bound_name=binding.name if binding else "",
        bound_version=binding.version if binding else "",
        bound_checksum=binding.checksum if binding else "",
        workload=verified.workload.as_dict(),
        replay_key=verified.replay_key,
        issued_at=now,
        expires_at=_token_expiry(verified, now),
    )
    event = audit.event(
        "exchange.granted",
        actor=CiWorkload(verified.workload),
        # An event is of one crate; that of a workspace is found by its publishes.
        crate=crates[0] if len(crates) == 1 and not names else "",
        after={
            "crates": list(crates),
            "new_names": list(names),
            **({"only_reads": True} if request.only_reads else {}),
            **({"bind": binding.as_dict()} if binding else {}),
        },
    )
    if not minting.mint(_spent(verified), token, event, _sightings(verified.workload, grants, now)):
        raise _reused(verified)
    return Granted(text, token.expires_at, crates, names, binding, tuple(scopes))


def _sightings(workload: Workload, grants: Iterable[PublisherCrate], now: datetime) -> Sightings:
    """What the job had that its rules may not ask about, for the settings pages that lack it.

    A burst of jobs writes it once, and not a row of each publisher for every job.
    """
    had = {"environment": workload.environment, "runner": workload.runner_environment}
    seen = {name: value for name, value in had.items() if value}
    lacking = {
        grant.publisher_id
        for grant in grants
        if grant.publisher.seen != seen
        or grant.publisher.last_verified_at is None
        or now - grant.publisher.last_verified_at > VERIFIED_PRECISION
    }
    return Sightings(sorted(lacking), now, seen)


def _token_expiry(verified: Verified, now: datetime) -> datetime:
    return min(
        now + settings.PUBLISH_TOKEN_LIFETIME,
        verified.expires_at + LONGEST_AFTER_ID_TOKEN,
    )


def _crate_names(grants: Iterable[PublisherCrate]) -> tuple[str, ...]:
    """By name, each once: several publishers of one crate may match."""
    return tuple(dict.fromkeys(grant.crate.name for grant in grants))


def _new_names(pending: Iterable[PendingPublisher]) -> tuple[str, ...]:
    return tuple(sorted({rule.crate_name for rule in pending}))


def _scopes(grants: Sequence[PublisherCrate], pending: Sequence[PendingPublisher]) -> list[str]:
    scopes = [Scope.PUBLISH_UPDATE] if grants else []
    return [*scopes, Scope.PUBLISH_NEW] if pending else [*scopes]
