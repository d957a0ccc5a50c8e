"""A workload against publishers: which of them match, which nearly do, and which must not."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto

from trustpub.codes import ExchangeCode
from trustpub.conditions import Condition, ascii_fold, matches
from trustpub.workload import CLAIM, Workload, is_comparable

# Decided by identity, not by the loop over conditions: a rename must not fail here.
_IDENTITY_FIELD = "repository"
# Known to the caller alone: no workload says who owns a crate.
_ACTOR_FIELD = "actor"


@dataclass(frozen=True, slots=True, kw_only=True)
class PublisherView:
    """What matching needs to know of a publisher or pending publisher.

    The caller passes those of the workload's own issuer only. `key` is handed back untouched;
    the IDs are None as long as they are not pinned.
    """

    key: object
    repository: str
    repository_id: str | None
    owner_id: str | None
    conditions: Sequence[Condition]
    enabled: bool = True
    label: str = ""
    # Events that start a job which may publish, where the rule names none; None: every event.
    default_events: frozenset[str] | None = None
    # Whether whoever started the job owns the crate.
    actor_is_owner: bool = False


@dataclass(frozen=True, slots=True)
class Difference:
    """One field that keeps a publisher from matching; "" stands for absent."""

    field: str
    expected: str
    received: str


@dataclass(frozen=True, slots=True)
class Match:
    """A publisher whose every condition holds."""

    publisher: PublisherView
    renamed: bool = False  # same IDs, other name: accept and tell the owners
    pins: bool = False  # an ID is seen for the first time and must be pinned with the grant
    environment_ignored: bool = False  # the job runs in one, the publisher asks for none


@dataclass(frozen=True, slots=True)
class NearMiss:
    """A publisher of this very repository that differs in something else."""

    publisher: PublisherView
    differences: tuple[Difference, ...]

    @property
    def is_by_id(self) -> bool:
        """Whether a stable ID says that it is the job's own, and not a name that can be taken."""
        differing = {difference.field for difference in self.differences}
        ids = {"repository_id": self.publisher.repository_id, "owner_id": self.publisher.owner_id}
        return any(pinned is not None and name not in differing for name, pinned in ids.items())

    @property
    def is_event_alone(self) -> bool:
        """Whether the job is the right one, and only started by the wrong event."""
        return [difference.field for difference in self.differences] == ["event"]


@dataclass(frozen=True, slots=True)
class MatchResult:
    """Publishers by outcome; those of other repositories are in none of the lists."""

    full: list[Match] = field(default_factory=list)
    near: list[NearMiss] = field(default_factory=list)
    identity_changed: list[NearMiss] = field(default_factory=list)
    suspended: list[Match] = field(default_factory=list)

    @property
    def refusal_code(self) -> ExchangeCode | None:
        """Why nothing is granted; None if something is."""
        if self.full:
            return None
        # Somebody else's rule for the name must not hide what keeps one of this repository.
        is_known = any(miss.publisher.repository_id for miss in self.near) or any(
            match.publisher.repository_id for match in self.suspended
        )
        if self.identity_changed and not is_known:
            return ExchangeCode.IDENTITY_CHANGED
        if self.suspended:
            return ExchangeCode.PUBLISHER_SUSPENDED
        if self.near and all(miss.is_event_alone for miss in self.near):
            return ExchangeCode.EVENT_NOT_ALLOWED
        return ExchangeCode.PUBLISHER_MISMATCH if self.near else ExchangeCode.NO_PUBLISHER


class _Identity(Enum):
    SAME = auto()
    CHANGED = auto()
    STRANGER = auto()


def match(workload: Workload, publishers: Iterable[PublisherView]) -> MatchResult:
    """Sorts the publishers of one issuer by how they relate to `workload` (b.0).

    Each publisher is judged alone, so adding one never takes a grant away.
    """
    result = MatchResult()
    for publisher in publishers:
        identity = _compare_identity(workload, publisher)
        if identity is _Identity.CHANGED:
            differences = _identity_differences(workload, publisher)
            result.identity_changed.append(NearMiss(publisher, differences))
        elif identity is _Identity.SAME:
            _sort_in(result, workload, publisher)
    return result


def fits(workload: Workload, publisher: PublisherView) -> bool:
    """Whether this one publisher grants the job anything."""
    return bool(match(workload, [publisher]).full)


def _compare_identity(workload: Workload, publisher: PublisherView) -> _Identity:
    """IDs decide where they are pinned, names only where they are not."""
    same_name = _same_name(workload, publisher)
    same_owner = publisher.owner_id in (None, workload.owner_id)
    if publisher.repository_id is None:
        known = same_name
    elif publisher.repository_id == workload.repository_id:
        known = True
    elif same_name:
        return _Identity.CHANGED  # deleted and created again under the old name
    else:
        known = False
    if not known:
        return _Identity.STRANGER
    # The same repository with another owner was transferred, or the owner's name was taken over.
    return _Identity.SAME if same_owner else _Identity.CHANGED


def _identity_differences(workload: Workload, publisher: PublisherView) -> tuple[Difference, ...]:
    compared = (
        ("repository", publisher.repository, workload.repository),
        ("repository_id", publisher.repository_id, workload.repository_id),
        ("owner_id", publisher.owner_id, workload.owner_id),
    )
    return tuple(
        Difference(name, expected, received)
        for name, expected, received in compared
        if expected is not None and ascii_fold(expected) != ascii_fold(received)
    )


def _sort_in(result: MatchResult, workload: Workload, publisher: PublisherView) -> None:
    differences = _differences(workload, publisher)
    if differences:
        result.near.append(NearMiss(publisher, differences))
        return
    asks_for_environment = any(item.field == "environment" for item in publisher.conditions)
    found = Match(
        publisher,
        renamed=not _same_name(workload, publisher),
        pins=None in (publisher.repository_id, publisher.owner_id),
        environment_ignored=workload.environment is not None and not asks_for_environment,
    )
    (result.full if publisher.enabled else result.suspended).append(found)


def _differences(workload: Workload, publisher: PublisherView) -> tuple[Difference, ...]:
    found = [
        difference
        for condition in publisher.conditions
        if condition.field not in (_IDENTITY_FIELD, _ACTOR_FIELD)
        and (difference := _difference(workload, condition)) is not None
    ]
    asked = {condition.field for condition in publisher.conditions}
    if _ACTOR_FIELD in asked and not publisher.actor_is_owner:
        found.append(Difference(_ACTOR_FIELD, "an owner of the crate", "somebody else"))
    events = publisher.default_events
    if events is not None and "event" not in asked and workload.event not in events:
        found.append(Difference("event", " or ".join(sorted(events)), workload.event))
    called = workload.called_workflow or ""
    names_called = "called_workflow" in asked
    home = f"{workload.repository}/"
    if called and not names_called and not ascii_fold(called).startswith(ascii_fold(home)):
        # The steps with our token would be written by whoever owns that other repository.
        found.append(Difference("called_workflow", f"a workflow of {workload.repository}", called))
    return tuple(found)


def _difference(workload: Workload, condition: Condition) -> Difference | None:
    expected = " or ".join(condition.values)
    name = condition.field.removeprefix(CLAIM)
    if not is_comparable(condition.field):
        # A rule that this version can't check must not grant anything.
        return Difference(name, expected, "")
    received = workload.value_of(condition.field)
    if matches(condition, received):
        return None
    return Difference(name, expected, received or "")


def _same_name(workload: Workload, publisher: PublisherView) -> bool:
    return ascii_fold(workload.repository) == ascii_fold(publisher.repository)
