"""Grants a publish token in one transaction: lock, match, pin, spend, mint (a.2 step 12).

Any refusal rolls everything back, so a mismatch does not burn the ID token.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts import audit, token_text
from accounts.scopes import Scope
from accounts.token_text import TokenKind
from adapters import jobs
from registry.formats.names import canonical
from registry.models import Crate
from trustpub.binding import Binding
from trustpub.codes import ExchangeCode
from trustpub.echo import printable
from trustpub.errors import ExchangeRefused
from trustpub.matching import Match, PublisherView, match
from trustpub.models import (
    Issuer,
    PendingPublisher,
    Publisher,
    PublishToken,
    SpentIdToken,
)
from trustpub.operations.pending import in_good_standing
from trustpub.operations.refusals import conflict, refusal_of
from trustpub.operations.rules import locked_rules, pin
from trustpub.operations.sharing import take_place
from trustpub.workload import Workload

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


@dataclass(frozen=True, slots=True)
class Verified:
    """An ID token that passed every check that needs no publisher."""

    issuer: Issuer
    workload: Workload
    replay_key: str
    remember_until: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Granted:
    """`text` is the publish token, told this once and kept nowhere."""

    text: str = field(repr=False)
    expires_at: datetime
    crates: tuple[str, ...]
    new_names: tuple[str, ...]
    binding: Binding | None = None


class CiWorkload:
    """The job itself, as the audit log shows it."""

    kind = "ci_job"

    def __init__(self, workload: Workload) -> None:
        self.identifier = workload.run_id
        self.label = f"{workload.provider}: {workload.title}"


@transaction.atomic
def grant(verified: Verified, request: ExchangeRequest) -> Granted:
    """The token for every publisher that matches fully; raises ExchangeRefused if none does."""
    rules = locked_rules(verified.issuer, verified.workload)
    result = match(verified.workload, [_view(rule) for rule in rules])
    if result.refusal_code is not None:
        raise refusal_of(result, verified.issuer, verified.workload)
    matched = [found.publisher.key for found in result.full]
    publishers = [rule for rule in matched if isinstance(rule, Publisher)]
    pending = _with_free_names(rule for rule in matched if isinstance(rule, PendingPublisher))
    if not publishers and not pending:
        raise conflict()
    for found in result.full:
        _follow_identity(found, verified.workload)
    crates = list(Crate.objects.filter(publishers__in=publishers).distinct().order_by("name"))
    crates, pending = _narrowed(request, crates, pending)
    spend(verified)
    return _mint(verified, request, publishers, pending, crates)


def _view(rule: Publisher | PendingPublisher) -> PublisherView:
    enabled = rule.is_enabled()
    if isinstance(rule, PendingPublisher):
        enabled = enabled and in_good_standing(rule.owner)
    return PublisherView(
        key=rule,
        repository=rule.repository,
        repository_id=rule.repository_id or None,
        owner_id=rule.repository_owner_id or None,
        conditions=rule.typed_conditions(),
        enabled=enabled,
        label=str(rule),
    )


def _with_free_names(rules: Iterable[PendingPublisher]) -> list[PendingPublisher]:
    kept = list(rules)
    taken = set(
        Crate.objects.filter(canonical_name__in=[r.canonical_name for r in kept]).values_list(
            "canonical_name", flat=True
        )
    )
    return [rule for rule in kept if rule.canonical_name not in taken]


def _follow_identity(found: Match, workload: Workload) -> None:
    """Pins ids at first sight and takes over a rename; a pending rule waits for its publish."""
    rule = found.publisher.key
    if not isinstance(rule, Publisher):
        return
    before, former_name = rule.facts(), rule.repository
    rule.last_verified_at = timezone.now()
    if found.pins or found.renamed:
        pin(rule, workload)
        take_place(rule)
        rule.pin_before = None
        name = "publisher.renamed" if found.renamed else "publisher.pinned"
        audit.record(
            name,
            actor=CiWorkload(workload),
            subject=str(rule),
            before=before,
            after=rule.facts(),
        )
        if found.renamed:
            jobs.after_commit("trustpub.mail_publisher_renamed", rule.pk, former_name)
        rule.save()
    else:
        # Not the whole row: another rule that matched may have taken its place a moment ago.
        rule.save(update_fields=["last_verified_at"])


def _narrowed(
    request: ExchangeRequest, crates: list[Crate], pending: list[PendingPublisher]
) -> tuple[list[Crate], list[PendingPublisher]]:
    """Less than the publishers allow, where the job asked for less; never more."""
    wanted = request.crates
    if request.only_reads:
        # The token dies with its rules (d.4), so it keeps them; its scope lets it found nothing.
        return [], pending
    if request.binding:
        wanted = (request.binding.name,)
    if wanted is None:
        return crates, pending
    covered = {crate.canonical_name for crate in crates} | {r.canonical_name for r in pending}
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
        [crate for crate in crates if crate.canonical_name in names],
        [rule for rule in pending if rule.canonical_name in names],
    )


def spend(verified: Verified) -> None:
    """The unique constraint decides which of two equal ID tokens came first."""
    try:
        with transaction.atomic():
            SpentIdToken.objects.create(
                issuer=verified.issuer, key=verified.replay_key, expires_at=verified.remember_until
            )
    except IntegrityError:
        spent = SpentIdToken.objects.get(issuer=verified.issuer, key=verified.replay_key)
        raise ExchangeRefused(
            ExchangeCode.TOKEN_REUSED,
            f"JWT has already been used (at {spent.spent_at:%Y-%m-%d %H:%M:%S} UTC); "
            "request a new ID token for each exchange",
        ) from None


def _mint(
    verified: Verified,
    request: ExchangeRequest,
    publishers: Sequence[Publisher],
    pending: Sequence[PendingPublisher],
    crates: Sequence[Crate],
) -> Granted:
    text = token_text.new_token(settings.TOKEN_PREFIX, TokenKind.PUBLISH)
    now = timezone.now()
    names = () if request.only_reads else tuple(sorted({rule.crate_name for rule in pending}))
    binding = request.binding
    token = PublishToken.objects.create(
        digest=token_text.digest(text),
        issuer=verified.issuer,
        new_names=list(names),
        scopes=[Scope.READ] if request.only_reads else _scopes(crates, pending),
        bound_name=binding.name if binding else "",
        bound_version=binding.version if binding else "",
        bound_checksum=binding.checksum if binding else "",
        workload=verified.workload.as_dict(),
        replay_key=verified.replay_key,
        issued_at=now,
        expires_at=min(
            now + settings.PUBLISH_TOKEN_LIFETIME, verified.expires_at + LONGEST_AFTER_ID_TOKEN
        ),
    )
    token.publishers.set(publishers)
    token.pending_publishers.set(pending)
    token.crates.set(crates)
    audit.record(
        "exchange.granted",
        actor=CiWorkload(verified.workload),
        # An event is of one crate; that of a workspace is found by its publishes.
        crate=crates[0].name if len(crates) == 1 and not names else "",
        subject=str(token),
        after={
            "crates": [crate.name for crate in crates],
            "new_names": list(names),
            **({"only_reads": True} if request.only_reads else {}),
            **({"bind": binding.as_dict()} if binding else {}),
        },
    )
    return Granted(text, token.expires_at, tuple(crate.name for crate in crates), names, binding)


def _scopes(crates: Sequence[Crate], pending: Sequence[PendingPublisher]) -> list[str]:
    scopes = [Scope.PUBLISH_UPDATE] if crates else []
    return [*scopes, Scope.PUBLISH_NEW] if pending else [*scopes]
