"""Who can publish a crate: people, teams and CI workflows, for everybody to see."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.utils.module_loading import import_string

from accounts.models import User
from adapters.compiled import CompiledQuery
from registry.models import Crate, Ownership, Team
from registry.queries.ci_only import ci_only_because

_OWNERSHIPS = CompiledQuery(
    lambda crate: (
        Ownership.objects.filter(crate=crate).select_related("user", "team").order_by("pk")
    ),
    crate=int,
)


@dataclass(frozen=True, slots=True)
class Workflow:
    """A CI job that the owners trust; `rules` are labelled demands on it."""

    title: str
    issuer: str
    rules: Sequence[tuple[str, str]]
    last_used_at: datetime | None
    is_open_to_branches: bool


@dataclass(frozen=True, slots=True)
class Workflows:
    """`known` have published before; `unknown` counts those that have not.

    Before that, who they are is the owners' business: the repository may be private.
    """

    known: Sequence[Workflow]
    unknown: int

    @property
    def count(self) -> int:
        return len(self.known) + self.unknown


@dataclass(frozen=True, slots=True)
class Trust:
    """`ci_only` says why no API token publishes the crate; empty if some can."""

    people: Sequence[User]
    teams: Sequence[Team]
    workflows: Workflows
    ci_only: str

    @property
    def is_open_to_people(self) -> bool:
        return not self.ci_only and bool(self.people or self.teams)

    @property
    def nobody(self) -> bool:
        return not self.workflows.count and not self.is_open_to_people


def trust_in(crate: Crate) -> Trust:
    """Three queries at most."""
    ownerships = _OWNERSHIPS.rows(crate=crate.pk)
    publishing: Callable[[Crate], Workflows] = import_string(settings.PUBLISHING_WORKFLOWS)
    teams = [row.team for row in ownerships if row.team]
    strict = settings.TRUSTED_PUBLISHING_ONLY or crate.trustpub_only
    strict = strict or any(team.trustpub_only for team in teams)
    return Trust(
        people=[row.user for row in ownerships if row.user],
        teams=teams,
        workflows=publishing(crate),
        ci_only=(ci_only_because(crate) or "") if strict else "",
    )
