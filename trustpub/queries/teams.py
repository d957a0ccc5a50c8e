"""Teams among a crate's owners, for what is done to all of their crates at once."""

from collections.abc import Sequence
from dataclasses import dataclass

from registry.models import Crate, Team


@dataclass(frozen=True, slots=True)
class TeamCrates:
    """A team and the names of the crates that it owns."""

    login: str
    crates: Sequence[str]


def teams_with_crates(crate: Crate) -> list[TeamCrates]:
    """Those that own this crate and others, by name; two queries at most."""
    teams = list(Team.objects.filter(ownerships__crate=crate).order_by("login"))
    rows = Crate.objects.filter(ownerships__team__in=teams).order_by("name")
    names: dict[int, list[str]] = {}
    for team_id, name in rows.values_list("ownerships__team", "name") if teams else ():
        names.setdefault(team_id, []).append(name)
    found = [TeamCrates(team.login, names.get(team.pk, [])) for team in teams]
    return [team for team in found if len(team.crates) > 1]
