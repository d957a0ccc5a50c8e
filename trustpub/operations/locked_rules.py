"""The rules that a job's repository falls under, read and locked in as few queries as can be."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Exists, Q
from django.utils import timezone

from accounts.models import User
from adapters.compiled import CompiledQuery
from registry.models import Crate, Ownership
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
from trustpub.restrictions import asks_for_owner
from trustpub.workload import Workload


@dataclass(frozen=True, slots=True)
class RuleGrants:
    """A publisher and its rights, each on one crate."""

    publisher: Publisher
    grants: Sequence[PublisherCrate]


@dataclass(frozen=True, slots=True)
class LockedRules:
    """Locked until the transaction ends; `owned` are crates of whoever started the job."""

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


def lock_rules(issuer: Issuer, workload: Workload, actor_id: str = "") -> LockedRules:
    """The issuer's rules for the job's repository, by id or by name, until the transaction ends.

    Whoever locks any of them locks all, in this order, so that nobody waits for each other. Who
    started the job is looked up only where a rule asks about it.
    """
    folded, now = ascii_fold(workload.repository), timezone.now()
    grants = _GRANTS.rows(
        issuer=issuer.pk,
        repository=workload.repository_id,
        folded=folded,
        owner=workload.owner_id,
        now=now,
    )
    held: list[PendingPublisher] = []
    if not grants or any(getattr(grant, "has_pending", True) for grant in grants):
        held = list(
            _pending(issuer.pk, workload.repository_id, folded, now)
            .order_by("pk")
            .annotate(is_blocked=_blocked(issuer.pk, workload.repository_id, workload.owner_id))
            .select_related("issuer", "owner", "team")
            .select_for_update(of=("self",))
        )
    publishers = _by_publisher(grants, issuer)
    rules: list[TrustRule] = [*(rule.publisher for rule in publishers), *held]
    if not any(asks_for_owner(rule.rules) for rule in rules):
        return LockedRules(publishers, held)
    actor = _person(issuer, actor_id)
    return LockedRules(publishers, held, _crates_of(actor, grants), actor)


def _grants(
    issuer: int, repository: str, folded: str, owner: str, now: datetime
) -> PublisherCrateQuerySet:
    """Each right with its publisher under lock, and what else decides whether it stands."""
    same = Q(publisher__repository_id=repository) | Q(publisher__repository_folded=folded)
    return (
        PublisherCrate.objects.with_standing(now)
        .filter(same, publisher__issuer=issuer)
        .annotate(
            has_pending=Exists(_pending(issuer, repository, folded, now)),
            is_blocked=_blocked(issuer, repository, owner),
        )
        .select_related("publisher", "crate")
        .only(*_WHOLE_PUBLISHER, *_OF_RIGHT, *_OF_CRATE)
        .select_for_update(of=("publisher",))
        .order_by("publisher_id", "pk")
    )


_WHOLE_PUBLISHER = [f"publisher__{field.name}" for field in Publisher._meta.concrete_fields]
_OF_RIGHT = ("active_from", "ends_at", "needs_consent")
_OF_CRATE = ("crate__name", "crate__canonical_name", "crate__hidden_at")
_GRANTS = CompiledQuery(_grants, issuer=int, repository=str, folded=str, owner=str, now=datetime)


def _pending(issuer: int, repository: str, folded: str, now: datetime) -> PendingPublisherQuerySet:
    same = Q(repository_id=repository) | Q(repository_folded=folded)
    return PendingPublisher.objects.unexpired(now).filter(same, issuer=issuer)


def _blocked(issuer: int, repository: str, owner: str) -> Exists:
    return Exists(BlockedSource.objects.of(Issuer(pk=issuer), repository, owner))


def _by_publisher(grants: Iterable[PublisherCrate], issuer: Issuer) -> list[RuleGrants]:
    found: dict[int, tuple[Publisher, list[PublisherCrate]]] = {}
    for grant in grants:
        grant.publisher.issuer = issuer
        publisher, held = found.setdefault(grant.publisher_id, (grant.publisher, []))
        grant.publisher = publisher
        held.append(grant)
    return [RuleGrants(publisher, held) for publisher, held in found.values()]


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
