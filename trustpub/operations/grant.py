"""Grants a publish token: match, pin, spend and mint, all or nothing (a.2 step 12).

Any refusal rolls everything back, so a mismatch does not burn the ID token.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from accounts import audit, token_text
from accounts.limits import Limit
from accounts.scopes import Scope
from accounts.token_text import TokenKind
from adapters import jobs
from adapters.new_row import Columns
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
    SpentIdToken,
)
from trustpub.operations import minting
from trustpub.operations.advice import warnings_of
from trustpub.operations.founders import founding
from trustpub.operations.job_rules import JobRules, lock_rules, read_rules
from trustpub.operations.minting import RulesChanged, Sightings, Written
from trustpub.operations.refusals import conflict, refusal_of
from trustpub.operations.rules import pin
from trustpub.operations.sharing import take_place
from trustpub.operations.verified import Verified
from trustpub.providers.base import MAX_SHORT_LENGTH
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


class LookAgain(Exception):
    """The issuer is not as it was recalled, or this takes a lock and what is known for certain."""


class CiWorkload:
    """The job itself, as the audit log shows it."""

    kind = "ci_job"

    def __init__(self, workload: Workload) -> None:
        # That of a refused token is anything; what is accepted fits.
        self.identifier = workload.run_id[:MAX_SHORT_LENGTH]
        self.label = f"{workload.provider}: {workload.title}"


def grant(verified: Verified, request: ExchangeRequest, uncounted: Sequence[Limit] = ()) -> Granted:
    """The token for every publisher that matches fully; raises ExchangeRefused if none does.

    A dry run spends the ID token, because it tends to happen where many read the log, and
    changes nothing else. Raises LookAgain where what was recalled of the issuer does not suffice.
    `uncounted` are limits for which the attempt counts with the question for the rules, of an
    issuer that was recalled; then also raises TooManyRequests.
    """
    granted = _grant_at_once(verified, request, uncounted)
    if granted is None and verified.recalled:
        raise LookAgain
    return granted or _grant_under_lock(verified, request)


def _grant_at_once(
    verified: Verified, request: ExchangeRequest, uncounted: Sequence[Limit]
) -> Granted | None:
    """Without a lock: one statement reads the rules, and one writes if they are still the same.

    None where more is to be written, where rules changed meanwhile, and on SQLite, whose one writer
    has nobody to wait for.
    """
    if connection.vendor != "postgresql" or request.dry_run:
        return None
    rules = read_rules(verified, uncounted)
    if rules is None:
        return None
    judged = _judged(rules, verified, request)
    if any(found.pins or found.renamed for found in judged.matches):
        return None
    try:
        return _mint(verified, request, judged, rules.row_versions(judged.publisher_ids()))
    except RulesChanged:
        return None


@transaction.atomic
def _grant_under_lock(verified: Verified, request: ExchangeRequest) -> Granted:
    rules = lock_rules(verified.issuer, verified.workload, verified.actor_id)
    judged = _judged(rules, verified, request)
    if request.dry_run:
        spend(verified)
        return _told(verified, request, judged)
    for found in judged.matches:
        _follow_identity(found, verified.workload)
    return _mint(verified, request, judged, {})


@dataclass(frozen=True, slots=True)
class _Judged:
    """What the job may have."""

    matches: Sequence[Match]
    grants: Sequence[PublisherCrate]
    pending: Sequence[PendingPublisher]

    def publisher_ids(self) -> set[int]:
        return {grant.publisher_id for grant in self.grants}


def _judged(rules: JobRules, verified: Verified, request: ExchangeRequest) -> _Judged:
    """Raises ExchangeRefused where that is nothing, or less than the job asked for."""
    result = match(verified.workload, rules.views())
    if result.refusal_code is not None:
        raise refusal_of(result, verified.issuer, verified.workload)
    matched = [found.publisher.key for found in result.full]
    grants = rules.standing_grants(rule for rule in matched if isinstance(rule, Publisher))
    waiting = (rule for rule in matched if isinstance(rule, PendingPublisher))
    pending = founding(waiting, grants, verified)
    if not grants and not pending:
        raise conflict()
    return _Judged(result.full, *_narrowed(request, grants, pending))


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


def _spent(verified: Verified) -> Columns:
    return {
        "issuer_id": verified.issuer.pk,
        "key": verified.replay_key,
        "spent_at": timezone.now(),
        "expires_at": verified.remember_until,
    }


def _reused(verified: Verified) -> ExchangeRefused:
    spent = SpentIdToken.objects.get(issuer=verified.issuer, key=verified.replay_key)
    return ExchangeRefused(
        ExchangeCode.TOKEN_REUSED,
        f"JWT has already been used (at {spent.spent_at:%Y-%m-%d %H:%M:%S} UTC); "
        "request a new ID token for each exchange",
    )


def _told(verified: Verified, request: ExchangeRequest, judged: _Judged) -> Granted:
    """What a real exchange would have granted, with everything that speaks against it."""
    crates, names = _crate_names(judged.grants), _new_names(judged.pending)
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
        scopes=tuple(_scopes(judged.grants, judged.pending)),
        warnings=tuple(warnings_of(judged.matches, verified.workload, verified.expires_at)),
    )


def _mint(
    verified: Verified, request: ExchangeRequest, judged: _Judged, row_versions: Mapping[int, str]
) -> Granted:
    """Raises RulesChanged if one of these publishers' rows has another version now."""
    text = token_text.new_token(settings.TOKEN_PREFIX, TokenKind.PUBLISH)
    now = timezone.now()
    # One that only reads keeps its rules, because it dies with them (d.4), and is for no crate.
    grants, pending = ([], []) if request.only_reads else (judged.grants, judged.pending)
    granted = Granted(
        text,
        _token_expiry(verified, now),
        _crate_names(grants),
        _new_names(pending),
        request.binding,
        (Scope.READ,) if request.only_reads else tuple(_scopes(grants, pending)),
    )
    rows = Written(
        _spent(verified),
        _token(granted, verified, judged, now),
        _event(granted, verified.workload, only_reads=request.only_reads),
    )
    if not minting.mint(rows, _sightings(verified.workload, judged.grants, now), row_versions):
        raise _reused(verified)
    return granted


def _token(granted: Granted, verified: Verified, judged: _Judged, now: datetime) -> Columns:
    """Most tokens have neither a binding nor rules that wait for a first publish."""
    columns: dict[str, Any] = {
        "digest": token_text.digest(granted.text),
        "issuer_id": verified.issuer.pk,
        "grant_ids": [grant.pk for grant in judged.grants],
        "scopes": list(granted.scopes),
        "workload": verified.workload.as_dict(),
        "replay_key": verified.replay_key,
        "issued_at": now,
        "expires_at": granted.expires_at,
    }
    if judged.pending:
        columns["pending_ids"] = [rule.pk for rule in judged.pending]
        columns["new_names"] = list(granted.new_names)
    if binding := granted.binding:
        columns["bound_name"], columns["bound_version"] = binding.name, binding.version
        columns["bound_checksum"] = binding.checksum
    return columns


def _event(granted: Granted, workload: Workload, *, only_reads: bool) -> Columns:
    crates, names, binding = granted.crates, granted.new_names, granted.binding
    return audit.columns(
        "exchange.granted",
        actor=CiWorkload(workload),
        # An event is of one crate; that of a workspace is found by its publishes.
        crate=crates[0] if len(crates) == 1 and not names else "",
        after={
            "crates": list(crates),
            "new_names": list(names),
            **({"only_reads": True} if only_reads else {}),
            **({"bind": binding.as_dict()} if binding else {}),
        },
    )


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
