"""What a request says of a pending publisher beside its rule."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from registry.api.requests import WrongShape


def team_and_days(body: Mapping[str, Any], key: str) -> dict[str, Any]:
    """What only a pending publisher has: a team that owns the crate too, and how long it waits."""
    team, days = body.get("team"), body.get("days")
    if team is not None and not isinstance(team, str):
        raise WrongShape(f"`{key}.team` must be a text or null")
    if days is not None and (type(days) is not int or not 0 < days <= 90):
        raise WrongShape(f"`{key}.days` must be a whole number from 1 to 90")
    return {"team": team or "", "lifetime": timedelta(days=days) if days else None}
