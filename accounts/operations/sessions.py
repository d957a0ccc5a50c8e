"""Ends sessions: the browser that held one is a visitor from its next request on."""

from django.db import transaction

from accounts import audit
from accounts.errors import NotFound
from accounts.models import BrowserSession, User


@transaction.atomic
def end_session(*, user: User, session_key: str) -> None:
    """Raises NotFound for a session that ended already or is another's."""
    ended, _ = user.sessions.filter(session_key=session_key).delete()
    if not ended:
        raise NotFound
    audit.record("session.ended", actor=user, subject=user.login)


@transaction.atomic
def end_sessions(*, user: User, but: str | None = None) -> int:
    """All of them, or all but one; answers how many."""
    rows = BrowserSession.objects.filter(user=user)
    if but is not None:
        rows = rows.exclude(session_key=but)
    ended, _ = rows.delete()
    if ended:
        audit.record("session.ended", actor=user, subject=user.login, after={"sessions": ended})
    return ended
