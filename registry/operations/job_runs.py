"""Writes down what the clock sends and how the jobs end."""

import logging
import time
from datetime import datetime, timedelta

from django.db import DatabaseError, transaction
from django.db.models import F, Q
from django.utils import timezone

from registry.models import JobRun
from registry.queries.timetable import jobs

logger = logging.getLogger(__name__)

# The quickest jobs come every few seconds; a write for each would be most of an idle disk's work.
NOTED_EVERY = timedelta(minutes=1)
# Each machine has files of its own to look after.
OF_EACH_MACHINE = frozenset(
    {"registry.fold_downloads", "registry.remove_unfinished_files", "trustpub.fold_notes"}
)
# To run a quicker one twice costs less than to ask whose turn it is.
CLAIMED_FROM = timedelta(minutes=5)
_noted: dict[str, float] = {}


def note_sent(job: str) -> None:
    """The clock has put a job on the queue; others than those of the timetable do not count."""
    now = time.monotonic()
    last = _noted.get(job)
    if job not in jobs() or (last is not None and now - last < NOTED_EVERY.total_seconds()):
        return
    if _save(job, sent_at=timezone.now()):
        _noted[job] = now


def claim(job: str) -> bool:
    """Whether the clock that asks is to send the job now: of several clocks, the first one.

    Where the database cannot tell, rather twice than never.
    """
    _, period = jobs().get(job, ("", timedelta()))
    if job in OF_EACH_MACHINE or period < CLAIMED_FROM:
        return True
    now = timezone.now()
    due = Q(sent_at=None) | Q(sent_at__lte=now - 0.9 * period)
    try:
        JobRun.objects.bulk_create([JobRun(job=job)], ignore_conflicts=True)
        return bool(JobRun.objects.filter(due, job=job).update(sent_at=now))
    except DatabaseError:
        logger.warning("whether %s is due could not be asked", job, exc_info=True)
        return True


def note_finished(
    job: str, *, started_at: datetime, seconds: float, succeeded: bool, result: str
) -> None:
    """A run has ended; a job that is not in the timetable does not count."""
    if job not in jobs():
        return
    now = timezone.now()
    _save(
        job,
        started_at=started_at,
        finished_at=now,
        duration_ms=round(seconds * 1000),
        succeeded=succeeded,
        result=result[:200],
        runs=F("runs") + 1,
        **(
            {"succeeded_at": now}
            if succeeded
            else {"failed_at": now, "failures": F("failures") + 1}
        ),
    )


def _save(job: str, **facts: object) -> bool:
    """False where the database cannot be written: that must not stop the job itself."""
    try:
        with transaction.atomic():
            if not JobRun.objects.filter(job=job).update(**facts):
                JobRun.objects.bulk_create([JobRun(job=job)], ignore_conflicts=True)
                JobRun.objects.filter(job=job).update(**facts)
    except DatabaseError:
        logger.warning("the run of %s could not be written down", job, exc_info=True)
        return False
    return True
