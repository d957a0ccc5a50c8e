"""Takes a token for each publish and yank (crates-io-api reference, 2.11)."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from registry.actors import Actor
from registry.errors import TooManyChanges, TooManyVersions
from registry.models import Crate, LimitedAction, LimitOverride, RateBucket

DAY = timedelta(days=1)
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
    if most is None or actor.limit_key(crate.name) is None:
        return
    since = timezone.now() - DAY
    recent = crate.versions.filter(created_at__gt=since).order_by("-created_at", "-pk")
    # There will be room when the oldest of the last `most` is a day old.
    oldest = recent.values_list("created_at", flat=True)[most - 1 : most].first()
    if oldest is not None:
        raise TooManyVersions(oldest + DAY)


def delete_full_buckets() -> int:
    """Removes buckets that have refilled, which are as good as none; answers how many."""
    now = timezone.now()
    return sum(
        RateBucket.objects.filter(
            action=action, refilled_at__lt=now - burst * timedelta(seconds=seconds)
        ).delete()[0]
        for action, (burst, seconds) in settings.RATE_LIMITS.items()
    )


@transaction.atomic
def _take(subject: str, action: LimitedAction, actor: Actor, now: datetime) -> datetime | None:
    """None, or when there will be a token again; one writer at a time for each bucket."""
    burst, refill = _limit(actor, action, now)
    bucket, is_new = RateBucket.objects.select_for_update().get_or_create(
        subject=subject,
        action=action,
        defaults={"tokens": burst, "refilled_at": now.replace(microsecond=0)},
    )
    if is_new:
        return None
    passes = bucket.take(burst=burst, refill=refill, now=now)
    bucket.save(update_fields=["tokens", "refilled_at"])
    return None if passes else bucket.refilled_at + refill


def _limit(actor: Actor, action: LimitedAction, now: datetime) -> tuple[int, timedelta]:
    burst, seconds = settings.RATE_LIMITS[action.value]
    if actor.user is not None:
        own = LimitOverride.objects.current(now).filter(user=actor.user, action=action)
        burst = own.values_list("burst", flat=True).first() or burst
    return burst, timedelta(seconds=seconds)
