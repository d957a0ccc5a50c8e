"""The rules that a job's repository falls under, read or locked in as few queries as can be."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import CharField, Exists, Q, Value
from django.db.models.expressions import RawSQL
from django.utils import timezone

from accounts.limits import Attempt, Limit
from accounts.models import User
from adapters.compiled import CompiledQuery
from adapters.row_version import row_version
from registry.models import Crate, Ownership
from trustpub import known_issuers
from trustpub.conditions import ascii_fold
from trustpub.matching import PublisherView
from trustpub.models import (
    BlockedSource,
    Issuer,
    PendingPublisher,
    Publisher,
    PublisherCrate,
    TrustRule,
)
from trustpub.models.pending_publisher import PendingPublisherQuerySet
from trustpub.models.publisher import PublisherCrateQuerySet
from trustpub.operations.standing import in_good_standing
from trustpub.operations.verified import Recalled, Verified
from trustpub.restrictions import asks_for_owner
from trustpub.workload import Workload


@dataclass(frozen=True, slots=True)
class RuleGrants:
    """A publisher and its rights, each on one crate.

    `row_version` is another after every change of the publisher's row; empty on SQLite.
    """

    publisher: Publisher
    grants: Sequence[PublisherCrate]
    row_version: str = ""


@dataclass(frozen=True, slots=True)
class JobRules:
    """`owned` are crates of whoever started the job, where a rule asks about that."""

    publishers: Sequence[RuleGrants]
    pending: Sequence[PendingPublisher]
    owned: frozenset[int] = frozenset()
    actor: User | None = None

    def views(self) -> list[PublisherView]:
        """What matching needs to know of each."""
        return [
            *(self._view_of_publisher(rule) for rule in self.publishers),
            *(self._view_of_pending(rule) for rule in self.pending),
        ]

    def standing_grants(self, publishers: Iterable[Publisher]) -> list[PublisherCrate]:
        """The rights of these publishers that hold now, by crate name; one for each crate."""
        wanted = {publisher.pk for publisher in publishers}
        held = [
            grant
            for rule in self.publishers
            if rule.publisher.pk in wanted
            for grant in rule.grants
            if self._stands(rule.publisher, grant)
        ]
        return sorted(held, key=lambda grant: (grant.crate.name, grant.pk))

    def row_versions(self, publishers: Iterable[int]) -> dict[int, str]:
        wanted = set(publishers)
        found = self.publishers
        return {
            rule.publisher.pk: rule.row_version for rule in found if rule.publisher.pk in wanted
        }

    def _view_of_publisher(self, rule: RuleGrants) -> PublisherView:
        publisher = rule.publisher
        standing = [grant for grant in rule.grants if _is_live(grant)]
        owned = any(grant.crate_id in self.owned for grant in standing)
        return view_of(publisher, publisher.is_enabled() and bool(standing), owned)

    def _view_of_pending(self, rule: PendingPublisher) -> PublisherView:
        blocked = getattr(rule, "is_blocked", False)
        enabled = rule.is_enabled() and in_good_standing(rule.owner) and not blocked
        return view_of(rule, enabled, self.actor is not None and rule.owner == self.actor)

    def _stands(self, publisher: Publisher, grant: PublisherCrate) -> bool:
        if asks_for_owner(publisher.rules) and grant.crate_id not in self.owned:
            return False
        return _is_live(grant)


def read_rules(verified: Verified, uncounted: Sequence[Limit] = ()) -> JobRules | None:
    """The issuer's publishers for the job's repository, by id or by name, as they are now.

    None where pending publishers are for it too, which can only be judged under lock, and where
    the issuer is not what was recalled. Counts the attempt in these limits, in the same statement,
    whatever the answer is; raises TooManyRequests.
    """
    issuer, now = verified.issuer, timezone.now()
    recalled = verified.recalled or Recalled("", "")
    sought = {**_sought(issuer, verified.workload, now), **recalled._asdict()}
    if uncounted:
        attempt = Attempt(uncounted)
        counted, grants = _GRANTS.rows_beside(attempt.statement(), **sought)
        attempt.check((row["key"], row["hits"]) for row in counted)
    else:
        grants = _GRANTS.rows(**sought)
    if _may_be_pending(grants) or (verified.recalled and not _stand(grants)):
        return None
    return _rules(issuer, grants, [], verified.actor_id)


def lock_rules(issuer: Issuer, workload: Workload, actor_id: str = "") -> JobRules:
    """All of the issuer's rules for the job's repository, locked until the transaction ends.

    Whoever locks any of them locks all, in this order, so that nobody waits for each other.
    """
    now = timezone.now()
    grants = _LOCKED_GRANTS.rows(**_sought(issuer, workload, now))
    held: list[PendingPublisher] = []
    if _may_be_pending(grants):
        folded = ascii_fold(workload.repository)
        held = list(
            _pending(issuer.pk, workload.repository_id, folded, now)
            .order_by("pk")
            .annotate(is_blocked=_blocked(issuer.pk, workload.repository_id, workload.owner_id))
            .select_related("issuer", "owner", "team")
            .select_for_update(of=("self",))
        )
    return _rules(issuer, grants, held, actor_id)


def _sought(issuer: Issuer, workload: Workload, now: datetime) -> dict[str, Any]:
    return {
        "issuer": issuer.pk,
        "repository": workload.repository_id,
        "folded": ascii_fold(workload.repository),
        "owner": workload.owner_id,
        "now": now,
    }


def _may_be_pending(grants: Sequence[PublisherCrate]) -> bool:
    return not grants or any(getattr(grant, "has_pending", True) for grant in grants)


def _stand(grants: Iterable[PublisherCrate]) -> bool:
    return all(getattr(grant, "issuer_stands", False) for grant in grants)


def _rules(
    issuer: Issuer, grants: Sequence[PublisherCrate], held: list[PendingPublisher], actor_id: str
) -> JobRules:
    """Who started the job is looked up only where a rule asks about it."""
    publishers = _by_publisher(grants, issuer)
    rules: list[TrustRule] = [*(rule.publisher for rule in publishers), *held]
    if not any(asks_for_owner(rule.rules) for rule in rules):
        return JobRules(publishers, held)
    actor = _person(issuer, actor_id)
    return JobRules(publishers, held, _crates_of(actor, grants), actor)


def _grants(
    issuer: int, repository: str, folded: str, owner: str, now: datetime
) -> PublisherCrateQuerySet:
    """Each right with its publisher, and what else decides whether it stands."""
    same = Q(publisher__repository_id=repository) | Q(publisher__repository_folded=folded)
    return (
        PublisherCrate.objects.with_standing(now)
        .filter(same, publisher__issuer=issuer)
        .annotate(
            has_pending=Exists(_pending(issuer, repository, folded, now)),
            is_blocked=_blocked(issuer, repository, owner),
            row_version=_version_of_publisher(),
        )
        .select_related("publisher", "crate")
        .order_by("publisher_id", "pk")
    )


def _read_grants(issuer_url: str, row_versions: str, **sought: Any) -> PublisherCrateQuerySet:
    stands = known_issuers.stands(issuer_url, row_versions)
    judged = [f"publisher__{name}" for name in _JUDGED]
    return _grants(**sought).annotate(issuer_stands=stands).only(*judged, *_OF_RIGHT, *_OF_CRATE)


def _locked_grants(**sought: Any) -> PublisherCrateQuerySet:
    whole = [f"publisher__{field.name}" for field in Publisher._meta.concrete_fields]
    locked = _grants(**sought).select_for_update(of=("publisher",))
    return locked.only(*whole, *_OF_RIGHT, *_OF_CRATE)


def _version_of_publisher() -> RawSQL | Value:
    if connection.vendor == "postgresql":
        return RawSQL(row_version("trustpub_publisher"), (), CharField())  # noqa: S611
    return Value("")


# Of a publisher that is judged and not changed, also for the words of a refusal.
_JUDGED = (
    *("issuer", "fields", "rules", "conditions", "repository", "repository_id"),
    *("repository_owner_id", "state", "pin_before", "seen", "last_verified_at"),
)
_OF_RIGHT = ("active_from", "ends_at", "needs_consent")
_OF_CRATE = ("crate__name", "crate__canonical_name", "crate__hidden_at")
_SOUGHT: Any = {"issuer": int, "repository": str, "folded": str, "owner": str, "now": datetime}
_GRANTS = CompiledQuery(_read_grants, **_SOUGHT, issuer_url=str, row_versions=str)
_LOCKED_GRANTS = CompiledQuery(_locked_grants, **_SOUGHT)


def _pending(issuer: int, repository: str, folded: str, now: datetime) -> PendingPublisherQuerySet:
    same = Q(repository_id=repository) | Q(repository_folded=folded)
    return PendingPublisher.objects.unexpired(now).filter(same, issuer=issuer)


def _blocked(issuer: int, repository: str, owner: str) -> Exists:
    return Exists(BlockedSource.objects.of(Issuer(pk=issuer), repository, owner))


def _by_publisher(grants: Iterable[PublisherCrate], issuer: Issuer) -> list[RuleGrants]:
    found: dict[int, list[PublisherCrate]] = {}
    for grant in grants:
        found.setdefault(grant.publisher_id, []).append(grant)
    rules = []
    for held in found.values():
        publisher = held[0].publisher
        publisher.issuer = issuer
        for grant in held[1:]:
            grant.publisher = publisher
        rules.append(RuleGrants(publisher, held, getattr(held[0], "row_version", "")))
    return rules


def _is_live(grant: PublisherCrate) -> bool:
    stands = getattr(grant, "is_backed", True) and getattr(grant, "is_served", True)
    stands = stands and not getattr(grant, "is_blocked", False) and grant.crate.hidden_at is None
    now = timezone.now()
    within = grant.has_begun(now) and not grant.has_ended(now)
    return bool(stands) and not grant.needs_consent and within


def view_of(rule: Publisher | PendingPublisher, enabled: bool, owned: bool) -> PublisherView:
    """The rule as matching looks at it."""
    return PublisherView(
        key=rule,
        repository=rule.repository,
        repository_id=rule.repository_id or None,
        owner_id=rule.repository_owner_id or None,
        conditions=rule.typed_conditions(),
        enabled=enabled,
        label=str(rule),
        default_events=rule.provider.allowed_events or None,
        actor_is_owner=owned,
    )


def _person(issuer: Issuer, actor_id: str) -> User | None:
    """Only one forge's numbers are those of our accounts."""
    if not issuer.counts_our_people or not actor_id.isdigit() or len(actor_id) > 18:
        return None
    person = User.objects.filter(github_id=int(actor_id)).first()
    return person if person and in_good_standing(person) else None


def _crates_of(person: User | None, grants: Iterable[PublisherCrate]) -> frozenset[int]:
    if person is None:
        return frozenset()
    crates = Crate.objects.filter(pk__in={grant.crate_id for grant in grants})
    return frozenset(
        Ownership.objects.filter(user=person, crate__in=crates).values_list("crate_id", flat=True)
    )
