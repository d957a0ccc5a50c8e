"""Rate limits that several web processes agree on, in Redis or in the database."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
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
COUNT_ALL_IN_DATABASE = """
    INSERT INTO accounts_ratewindow (key, hits, ends_at) VALUES {rows}
    ON CONFLICT (key) DO UPDATE SET hits = accounts_ratewindow.hits + excluded.hits
    RETURNING key, hits
"""


@dataclass(frozen=True, slots=True)
class Limit:
    """How many attempts of `subject` fit in a window; `by=0` asks without counting this one."""

    name: str
    subject: str
    limit: int
    window: timedelta
    what: str
    by: int = 1


def hit(name: str, subject: str, *, limit: int, window: timedelta, what: str) -> None:
    """Counts one attempt; raises TooManyRequests when the window holds more than `limit`."""
    hits, ends_at = _count(name, subject, window, by=1)
    if hits > limit:
        raise TooManyRequests(what, ends_at)


def hit_all(limits: Sequence[Limit]) -> None:
    """Counts one attempt in each, in one statement; raises for the first that is used up."""
    windows = [_window(limit.name, limit.subject, limit.window) for limit in limits]
    counts = _count_all(limits, windows)
    for limit, (key, ends_at) in zip(limits, windows, strict=True):
        # One that is only asked about must leave room for another.
        if counts[key] + (1 - limit.by) > limit.limit:
            raise TooManyRequests(limit.what, ends_at)


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
    key, ends_at = _window(name, subject, window)
    if settings.REDIS_LIMITS:
        return _count_in_cache(key, int(window.total_seconds()), by), ends_at
    return _count_in_database(key, ends_at, by), ends_at


def _window(name: str, subject: str, window: timedelta) -> tuple[str, datetime]:
    """The key of the present window, and when it ends."""
    seconds = int(window.total_seconds())
    number = int(timezone.now().timestamp()) // seconds
    # Addresses are personal data: the store sees a digest.
    hashed = hashlib.sha256(f"{settings.SECRET_KEY}:{subject}".encode()).hexdigest()[:32]
    ends_at = datetime.fromtimestamp((number + 1) * seconds, UTC)
    return f"limit:{name}:{hashed}:{number}", ends_at


def _count_all(limits: Sequence[Limit], windows: Sequence[tuple[str, datetime]]) -> dict[str, int]:
    pairs = zip(limits, windows, strict=True)
    if settings.REDIS_LIMITS:
        return {
            key: _count_in_cache(key, int(limit.window.total_seconds()), limit.by)
            for limit, (key, _) in pairs
        }
    # Sorted, so that two requests lock the rows in one order.
    rows = sorted((key, limit.by, ends_at) for limit, (key, ends_at) in pairs)
    adapt = connection.ops.adapt_datetimefield_value
    values = [value for key, by, ends_at in rows for value in (key, by, adapt(ends_at))]
    with connection.cursor() as cursor:
        cursor.execute(
            COUNT_ALL_IN_DATABASE.format(rows=", ".join(["(%s, %s, %s)"] * len(rows))), values
        )
        return {str(key): int(hits) for key, hits in cursor.fetchall()}


def _count_in_cache(key: str, seconds: int, by: int) -> int:
    cache.add(key, 0, timeout=seconds + 1)
    return cache.incr(key, by) if by else int(cache.get(key, 0))


def _count_in_database(key: str, ends_at: datetime, by: int) -> int:
    if not by:
        return RateWindow.objects.filter(key=key).values_list("hits", flat=True).first() or 0
    with connection.cursor() as cursor:
        cursor.execute(COUNT_IN_DATABASE, [key, connection.ops.adapt_datetimefield_value(ends_at)])
        return int(cursor.fetchone()[0])
