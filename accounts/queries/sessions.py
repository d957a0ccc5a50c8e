"""Where somebody is signed in."""

from dataclasses import dataclass

from django.utils import timezone

from accounts.models import BrowserSession, User


@dataclass(frozen=True, slots=True)
class ListedSession:
    """`is_current` is the session that asks."""

    session: BrowserSession
    is_current: bool


def listed_sessions(user: User, current: str) -> list[ListedSession]:
    """The one that asks comes first, then by last use; one query."""
    rows = user.sessions.filter(expire_date__gt=timezone.now()).order_by("-last_seen_at", "pk")
    listed = [ListedSession(row, row.pk == current) for row in rows]
    return sorted(listed, key=lambda row: not row.is_current)
