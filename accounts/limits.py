"""Rate limits that several web processes agree on, in Redis or in the database."""

import hashlib
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.core.cache import cache
from django.db import connection
from django.utils import timezone

from accounts.errors import TooManyRequests
from accounts.models import RateWindow

COUNT_IN_DATABASE = """
    INSERT INTO accounts_ratewindow (key, hits, ends_at) VALUES (%s, 1, %s)
    ON CONFLICT (key) DO UPDATE SET hits = accounts_ratewindow.hits + 1
    RETURNING hits
"""


def hit(name: str, subject: str, *, limit: int, window: timedelta, what: str) -> None:
    """Counts one attempt; raises TooManyRequests when the window holds more than `limit`."""
    hits, ends_at = _count(name, subject, window, by=1)
    if hits > limit:
        raise TooManyRequests(what, ends_at)


def check(name: str, subject: str, *, limit: int, window: timedelta, what: str) -> None:
    """Raises TooManyRequests when `limit` is used up, without counting this attempt."""
    hits, ends_at = _count(name, subject, window, by=0)
    if hits >= limit:
        raise TooManyRequests(what, ends_at)


def count(name: str, subject: str, *, window: timedelta) -> None:
    """Counts one event that a later `check` asks about."""
    _count(name, subject, window, by=1)


def delete_old_windows() -> int:
    """Removes counts that no longer matter; answers how many."""
    return RateWindow.objects.filter(ends_at__lt=timezone.now()).delete()[0]


def _count(name: str, subject: str, window: timedelta, *, by: int) -> tuple[int, datetime]:
    seconds = int(window.total_seconds())
    number = int(timezone.now().timestamp()) // seconds
    ends_at = datetime.fromtimestamp((number + 1) * seconds, UTC)
    # Addresses are personal data: the store sees a digest.
    hashed = hashlib.sha256(f"{settings.SECRET_KEY}:{subject}".encode()).hexdigest()[:32]
    key = f"limit:{name}:{hashed}:{number}"
    if settings.REDIS_LIMITS:
        return _count_in_cache(key, seconds, by), ends_at
    return _count_in_database(key, ends_at, by), ends_at


def _count_in_cache(key: str, seconds: int, by: int) -> int:
    cache.add(key, 0, timeout=seconds + 1)
    return cache.incr(key, by) if by else int(cache.get(key, 0))


def _count_in_database(key: str, ends_at: datetime, by: int) -> int:
    if not by:
        return RateWindow.objects.filter(key=key).values_list("hits", flat=True).first() or 0
    with connection.cursor() as cursor:
        cursor.execute(COUNT_IN_DATABASE, [key, connection.ops.adapt_datetimefield_value(ends_at)])
        return int(cursor.fetchone()[0])
