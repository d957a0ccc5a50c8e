"""Rate limits that several web processes agree on, in Redis or in the database."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from django.conf import settings
from django.core.cache import cache
from django.db import connection
from django.db.models import F
from django.utils import timezone

from accounts.errors import TooManyRequests
from accounts.models import RateWindow
from adapters.compiled import Statement

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
    if limits:
        attempt = Attempt(limits)
        attempt.check(attempt.count())


class Attempt:
    """One attempt, which counts in several limits.

    `statement` counts it for who asks PostgreSQL something anyway, and saves a way there and back.
    """

    def __init__(self, limits: Sequence[Limit]) -> None:
        self._limits = limits
        self._windows = [_window(limit.name, limit.subject, limit.window) for limit in limits]

    def statement(self) -> Statement:
        """Its rows, of key and hits, are for `check`."""
        pairs = zip(self._limits, self._windows, strict=True)
        # Sorted, so that two requests lock the rows in one order.
        rows = sorted((key, limit.by, ends_at) for limit, (key, ends_at) in pairs)
        adapt = connection.ops.adapt_datetimefield_value
        values = [value for key, by, ends_at in rows for value in (key, by, adapt(ends_at))]
        return Statement(_count_all(len(rows)), values)

    def count(self) -> Iterable[tuple[str, int]]:
        if settings.REDIS_LIMITS:
            pairs = zip(self._limits, self._windows, strict=True)
            return [
                (key, _count_in_cache(key, int(limit.window.total_seconds()), limit.by))
                for limit, (key, _) in pairs
            ]
        with connection.cursor() as cursor:
            cursor.execute(*self.statement())
            found: list[tuple[str, int]] = cursor.fetchall()
            return found

    def check(self, counted: Iterable[tuple[str, int]]) -> None:
        """Raises TooManyRequests for the first limit that is used up."""
        counts = dict(counted)
        for limit, (key, ends_at) in zip(self._limits, self._windows, strict=True):
            # One that is only asked about must leave room for another.
            if counts[key] + (1 - limit.by) > limit.limit:
                raise TooManyRequests(limit.what, ends_at)


def give_back(limits: Sequence[Limit]) -> None:
    """Takes back the attempt that `hit_all` counted in each."""
    keys = [_window(limit.name, limit.subject, limit.window)[0] for limit in limits if limit.by]
    for key in keys:
        # A window that has begun since has nothing of it.
        if settings.REDIS_LIMITS:
            if cache.get(key, 0) > 0:
                cache.decr(key)
            continue
        # Not several at once: an update locks rows in whichever order it finds them.
        RateWindow.objects.filter(key=key, hits__gt=0).update(hits=F("hits") - 1)


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


@lru_cache
def _count_all(number: int) -> str:
    return COUNT_ALL_IN_DATABASE.format(rows=", ".join(["(%s, %s, %s)"] * number))


def _count_in_cache(key: str, seconds: int, by: int) -> int:
    cache.add(key, 0, timeout=seconds + 1)
    return cache.incr(key, by) if by else int(cache.get(key, 0))


def _count_in_database(key: str, ends_at: datetime, by: int) -> int:
    if not by:
        return RateWindow.objects.filter(key=key).values_list("hits", flat=True).first() or 0
    with connection.cursor() as cursor:
        cursor.execute(COUNT_IN_DATABASE, [key, connection.ops.adapt_datetimefield_value(ends_at)])
        return int(cursor.fetchone()[0])
