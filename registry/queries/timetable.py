"""The timetable of periodic jobs, and which of them are late."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.utils import timezone

from accounts.models import AuditEvent
from registry.models import JobRun

# Beyond two periods; a worker that starts anew, or one long job before, is no alarm.
GRACE = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class TimetableEntry:
    """A job, how often it runs, and what is known of it; `run` is None before its first run."""

    job: str
    title: str
    period: timedelta
    run: JobRun | None

    def is_late(self, now: datetime) -> bool:
        """It was sent and has not ended for too long; what never ran is not known to be late."""
        finished_at = self.run.finished_at if self.run else None
        return finished_at is not None and now - finished_at > 2 * self.period + GRACE

    @property
    def is_late_now(self) -> bool:
        return self.is_late(timezone.now())


def jobs() -> Mapping[str, tuple[str, timedelta]]:
    """Name -> title and period."""
    schedule: Mapping[str, Mapping[str, Any]] = settings.CELERY_BEAT_SCHEDULE
    return {
        entry["task"]: (title, timedelta(seconds=entry["schedule"]))
        for title, entry in schedule.items()
    }


def timetable() -> list[TimetableEntry]:
    """Every job in the order of the settings."""
    runs = {run.job: run for run in JobRun.objects.all()}
    return [
        TimetableEntry(job, title, period, runs.get(job)) for job, (title, period) in jobs().items()
    ]


def clock_is_late(entries: list[TimetableEntry]) -> bool:
    """Whether a clock has sent nothing for minutes, or none was ever there."""
    sent = [entry.run.sent_at for entry in entries if entry.run and entry.run.sent_at]
    return timezone.now() - max(sent) > GRACE if sent else _is_used_for_long()


def worker_is_late(entries: list[TimetableEntry]) -> bool:
    """Whether a worker has finished nothing for minutes, or none was ever there."""
    ended = [entry.run.finished_at for entry in entries if entry.run and entry.run.finished_at]
    if ended:
        return timezone.now() - max(ended) > GRACE
    # Jobs are sent, and nobody has ever taken one.
    sent = [entry.run.sent_at for entry in entries if entry.run and entry.run.sent_at]
    return timezone.now() - min(sent) > GRACE if sent else _is_used_for_long()


def _is_used_for_long() -> bool:
    """Whether something happened here minutes ago, so that a clock should have been there since."""
    first = AuditEvent.objects.order_by("pk").values_list("at", flat=True).first()
    return first is not None and timezone.now() - first > GRACE
