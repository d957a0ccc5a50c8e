"""Django's sessions in our own table: it says whose they are, and nobody makes cookies of it."""

import hashlib
import logging
from datetime import timedelta
from typing import Any

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.core.exceptions import SuspiciousOperation
from django.utils import timezone

from accounts.models import BrowserSession
from accounts.request_context import current_request

# How stale `last_seen_at` may be, so that reading pages is no series of writes.
SEEN_PRECISION = timedelta(minutes=10)

logger = logging.getLogger(__name__)


def digest(session_key: str) -> str:
    """How the table names the session of a cookie."""
    return hashlib.sha256(session_key.encode()).hexdigest()


class SessionStore(DatabaseStore):
    """The cookie holds a random key, the table its digest."""

    _row: BrowserSession | None = None

    @classmethod
    def get_model_class(cls) -> type[BrowserSession]:
        return BrowserSession

    def _get_session_from_db(self) -> BrowserSession | None:
        try:
            self._row = BrowserSession.objects.get(
                session_key=digest(self.session_key or ""), expire_date__gt=timezone.now()
            )
        except (BrowserSession.DoesNotExist, SuspiciousOperation) as problem:
            if isinstance(problem, SuspiciousOperation):
                logger.warning("a session was refused: %s", problem)
            self._session_key = None
            self._row = None
            return None
        _note_seen(self._row)
        return self._row

    def exists(self, session_key: str) -> bool:
        return BrowserSession.objects.filter(session_key=digest(session_key)).exists()

    def delete(self, session_key: str | None = None) -> None:
        key = session_key or self.session_key
        if key:
            BrowserSession.objects.filter(session_key=digest(key)).delete()

    def create_model_instance(self, data: dict[str, Any]) -> BrowserSession:
        """The row that was loaded, or a new one after the key has changed."""
        key = digest(self._get_or_create_session_key())  # type: ignore[attr-defined]
        if self._row is None or self._row.session_key != key:
            request = current_request()
            self._row = BrowserSession(
                session_key=key, address=request.address or None, user_agent=request.user_agent
            )
        self._row.session_data = self.encode(data)
        self._row.expire_date = self.get_expiry_date()
        self._row.user_id = data.get(SESSION_KEY)
        return self._row


def _note_seen(row: BrowserSession) -> None:
    now, request = timezone.now(), current_request()
    if now - row.last_seen_at < SEEN_PRECISION or not request.address:
        return
    row.last_seen_at, row.address, row.user_agent = now, request.address, request.user_agent
    row.save(update_fields=["last_seen_at", "address", "user_agent"])
