"""Who owns a crate, as its settings list it."""

from typing import NamedTuple

from django.db.models import F, QuerySet
from django.db.models.functions import Coalesce

from accounts.errors import NotFound
from adapters.compiled import CompiledQuery
from registry.formats.names import InvalidCrateName, canonical, check_crate_name
from registry.models import Crate, Ownership, Team

_PEOPLE_FIRST = F("team_id").asc(nulls_first=True)
_OF_CRATE = CompiledQuery(
    lambda name: (
        Ownership.objects.filter(crate__canonical_name=name, crate__hidden_at=None)
        .order_by(_PEOPLE_FIRST, "created_at", "pk")
        .values_list(
            "team_id",
            "user__github_id",
            Coalesce("user_id", "team_id"),
            *(
                Coalesce(f"user__{field}", f"team__{field}")
                for field in ("login", "name", "avatar_url")
            ),
        )
    ),
    name=str,
)


class Owner(NamedTuple):
    """What everybody may know of a person, who has no `team_id`, or of a team."""

    team_id: int | None
    github_id: int | None
    pk: int
    login: str
    name: str
    avatar_url: str


def owners_of(crate: Crate) -> QuerySet[Ownership]:
    """People first, in the order in which they became owners; one query."""
    return crate.ownerships.select_related("user", "team").order_by(
        _PEOPLE_FIRST, "created_at", "pk"
    )


def owners_by_name(name: str) -> tuple[Owner, ...]:
    """The same of the crate of that name in any spelling; none without a crate. One query."""
    try:
        check_crate_name(name)
    except InvalidCrateName:
        return ()
    return tuple(map(Owner._make, _OF_CRATE.tuples(name=canonical(name))))


def team_with_login(login: str) -> Team:
    """`github:org:team` in any case; raises NotFound."""
    # PostgreSQL refuses NUL in any parameter; no login has one.
    team = None if "\0" in login else Team.objects.filter(login=login.lower()).first()
    if team is None:
        raise NotFound
    return team
