"""The audience of a registry's former address, for the time of a move (reference, a.9); pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from config.environment_values import InvalidEnvironment

_NAME = "FORMER_AUDIENCE"
_PARTS = re.compile(r"(\S+) until (\d{4}-\d{2}-\d{2})")


@dataclass(frozen=True, slots=True)
class FormerAudience:
    """What jobs that do not know of the move ask for; nobody else may have the name meanwhile."""

    name: str
    # The first moment at which it counts no more.
    ends_at: datetime


def read_former_audience(env: Mapping[str, str]) -> FormerAudience | None:
    """`AUDIENCE until YYYY-MM-DD`, the day included, in UTC; raises InvalidEnvironment."""
    text = env.get(_NAME, "").strip()
    if not text:
        return None
    found = _PARTS.fullmatch(text)
    if found is None:
        raise _invalid(f"{text[:60]!r} is not an audience, `until` and a day")
    name, day = found.groups()
    if "://" in name or name.endswith("/"):
        raise _invalid(f"{name[:60]!r} has a scheme or a slash at its end")
    try:
        last = datetime.strptime(day, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        raise _invalid(f"{day} is no day") from None
    return FormerAudience(name, last + timedelta(days=1))


def _invalid(problem: str) -> InvalidEnvironment:
    return InvalidEnvironment(_NAME, problem, '"crates.old.example until 2027-03-31"')
