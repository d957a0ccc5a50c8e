"""Takes a token for each publish and yank (crates-io-api reference, 2.11)."""

from datetime import datetime, timedelta
from functools import cache
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.models import QuerySet, Subquery
from django.utils import timezone

from adapters.commits import committed_soon
from adapters.compiled import CompiledQuery
from registry.actors import Actor
from registry.errors import TooManyChanges, TooManyVersions
from registry.models import Crate, LimitedAction, LimitOverride, RateBucket, Version

DAY = timedelta(days=1)
REPLACE = """
    UPDATE registry_ratebucket SET tokens = %s, refilled_at = %s
    WHERE id = %s AND tokens = %s AND refilled_at = %s
"""
SENTENCES = {
    LimitedAction.PUBLISH_NEW: (
        "You have published too many new crates in a short period of time."
    ),
    LimitedAction.PUBLISH_UPDATE: (
        "You have published too many updates to existing crates in a short period of time."
    ),
    LimitedAction.YANK_UNYANK: (
        "You have yanked or unyanked too many versions in a short period of time."
    ),
    LimitedAction.ATTEST: "You have sent too many attestations in a short period of time.",
}
# No account has this key.
NOBODY = 0
_BUCKET = CompiledQuery(
    lambda subject, action, user, now: RateBucket.objects.filter(
        subject=subject, action=action
    ).annotate(own_burst=Subquery(_own_burst(user, action, now))),
    subject=str,
    action=str,
    user=int,
    now=datetime,
)


def take_token(actor: Actor, action: LimitedAction, crate_name: str) -> None:
    """Counts one attempt, which stays counted whatever comes of it; raises TooManyChanges.

    Called outside of the transaction of what is counted, since that may be rolled back.
    """
    subject = actor.limit_key(crate_name)
    if subject is None:
        return
    retry_at = _take(subject, action, actor, timezone.now())
    if retry_at is not None:
        raise TooManyChanges(SENTENCES[action], retry_at)


def check_daily_versions(actor: Actor, crate: Crate) -> None:
    """Raises TooManyVersions for one more within 24 hours than MAX_NEW_VERSIONS_DAILY.

    Called with the crate under lock; counts people and CI jobs alike, but no operator.
    """
    most = settings.MAX_NEW_VERSIONS_DAILY
    if most is None or crate.num_versions < most or actor.limit_key(crate.name) is None:
        return
    # There will be room when the oldest of the last `most` is a day old.
    oldest = _last_but(most - 1).tuples(crate=crate.pk, since=timezone.now() - DAY)
    if oldest:
        raise TooManyVersions(oldest[0][0] + DAY)


def delete_full_buckets() -> int:
    """Removes buckets that have refilled, which are as good as none; answers how many."""
    now = timezone.now()
    return sum(
        RateBucket.objects.filter(
            action=action, refilled_at__lt=now - burst * timedelta(seconds=seconds)
        ).delete()[0]
        for action, (burst, seconds) in settings.RATE_LIMITS.items()
    )


def _take(subject: str, action: LimitedAction, actor: Actor, now: datetime) -> datetime | None:
    """None, or when there will be a token again; who is overtaken by another looks again."""
    burst, seconds = settings.RATE_LIMITS[action.value]
    refill = timedelta(seconds=seconds)
    user = actor.user.pk if actor.user else NOBODY
    while True:
        bucket: Any = _BUCKET.first(subject=subject, action=action.value, user=user, now=now)
        if bucket is None:
            if _is_first(
                subject, action, now, burst=_own_burst(user, action, now).first() or burst
            ):
                return None
            continue
        seen = (bucket.tokens, bucket.refilled_at)
        passes = bucket.take(burst=bucket.own_burst or burst, refill=refill, now=now)
        if _replace(bucket, seen):
            return None if passes else bucket.refilled_at + refill


def _is_first(subject: str, action: LimitedAction, now: datetime, *, burst: int) -> bool:
    """Whether the bucket came into being now, which takes nothing."""
    filled = {"tokens": burst, "refilled_at": now.replace(microsecond=0)}
    _, is_new = RateBucket.objects.get_or_create(subject=subject, action=action, defaults=filled)
    return is_new


def _replace(bucket: RateBucket, seen: tuple[int, datetime]) -> bool:
    """Whether the bucket still was as it was seen; one statement, so nothing has to be locked."""
    adapt = connection.ops.adapt_datetimefield_value
    values = [bucket.tokens, adapt(bucket.refilled_at), bucket.pk, seen[0], adapt(seen[1])]
    with connection.cursor() as cursor:
        # A power failure may give a token back.
        sql = REPLACE if connection.in_atomic_block else committed_soon(REPLACE)
        cursor.execute(sql, values)
        return bool(cursor.rowcount)


@cache
def _last_but(others: int) -> CompiledQuery[Version]:
    """When the version was published that so many of the crate have followed since a moment."""
    newest = Version.objects.order_by("-created_at", "-pk").values_list("created_at")
    return CompiledQuery(
        lambda crate, since: newest.filter(crate=crate, created_at__gt=since)[others : others + 1],
        crate=int,
        since=datetime,
    )


def _own_burst(user: int, action: str, now: datetime) -> "QuerySet[LimitOverride, int]":
    """What the person was given instead of the installation's, if they were."""
    own = LimitOverride.objects.current(now).filter(user=user, action=action)
    return own.values_list("burst", flat=True)
