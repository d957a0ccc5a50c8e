"""The audience of a registry's former address, for the time of a move (reference, a.9); pure."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

_PARTS = re.compile(r"(\S+) until (\d{4}-\d{2}-\d{2})")


class InvalidFormerAudience(ValueError):
    """The text names no audience with a last day; the message says what is wrong."""


@dataclass(frozen=True, slots=True)
class FormerAudience:
    """What jobs that do not know of the move ask for; nobody else may have the name meanwhile."""

    name: str
    # The first moment at which it counts no more.
    ends_at: datetime


def read_former_audience(text: str) -> FormerAudience | None:
    """`AUDIENCE until YYYY-MM-DD`, the day included, in UTC; None for nothing."""
    if not text.strip():
        return None
    found = _PARTS.fullmatch(text.strip())
    if found is None:
        raise InvalidFormerAudience(f"{text[:60]!r} is not an audience, `until` and a day")
    name, day = found.groups()
    if "://" in name or name.endswith("/"):
        raise InvalidFormerAudience(f"{name[:60]!r} has a scheme or a slash at its end")
    try:
        last = datetime.strptime(day, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        raise InvalidFormerAudience(f"{day} is no day") from None
    return FormerAudience(name, last + timedelta(days=1))
