"""Who owns a crate, as its settings list it."""

from django.db.models import F, QuerySet

from accounts.errors import NotFound
from registry.models import Crate, Ownership, Team


def owners_of(crate: Crate) -> QuerySet[Ownership]:
    """People first, in the order in which they became owners; one query."""
    people_first = F("team_id").asc(nulls_first=True)
    return crate.ownerships.select_related("user", "team").order_by(
        people_first, "created_at", "pk"
    )


def team_with_login(login: str) -> Team:
    """`github:org:team` in any case; raises NotFound."""
    # PostgreSQL refuses NUL in any parameter; no login has one.
    team = None if "\0" in login else Team.objects.filter(login=login.lower()).first()
    if team is None:
        raise NotFound
    return team
