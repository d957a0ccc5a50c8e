"""The clock of one server, which leaves alone what the clock of another has just sent."""

from typing import Any

from celery.beat import PersistentScheduler, ScheduleEntry
from django.db import close_old_connections

from registry.operations.job_runs import claim


class Clock(PersistentScheduler):
    """Celery's, except that the first of several clocks sends a job."""

    def apply_async(self, entry: ScheduleEntry, *arguments: Any, **options: Any) -> Any:
        # A clock has no requests around it that would drop a connection which broke.
        close_old_connections()
        return super().apply_async(entry, *arguments, **options) if claim(str(entry.task)) else None
