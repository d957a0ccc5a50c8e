"""The timetable."""

from datetime import timedelta

from django.contrib import admin
from django.utils import timezone

from accounts.admin.base import ReadOnlyAdmin
from registry.models import JobRun
from registry.queries.timetable import TimetableEntry, jobs


@admin.register(JobRun)
class JobRunAdmin(ReadOnlyAdmin):
    """The timetable; a job has a row once it was sent for the first time."""

    list_display = ["job", "title", "every", "sent_at", "finished_at", "took", "outcome", "late"]
    list_filter = ["succeeded"]
    readonly_fields = ["title", "every", "took", "late"]

    @admin.display(description="does")
    def title(self, run: JobRun) -> str:
        return self._known(run)[0]

    @admin.display(description="every")
    def every(self, run: JobRun) -> str:
        return str(self._known(run)[1])

    @admin.display(description="took")
    def took(self, run: JobRun) -> str:
        return "" if run.duration_ms is None else f"{run.duration_ms / 1000:.3f} s"

    @admin.display(description="result")
    def outcome(self, run: JobRun) -> str:
        if run.succeeded is None:
            return "has not run yet"
        return f"{'done' if run.succeeded else 'failed'} {run.result}".strip()

    @admin.display(description="late", boolean=True)
    def late(self, run: JobRun) -> bool:
        title, period = self._known(run)
        return TimetableEntry(run.job, title, period, run).is_late(timezone.now())

    def _known(self, run: JobRun) -> tuple[str, timedelta]:
        # A row outlives the job that an older version had.
        return jobs().get(run.job, ("not in the timetable any more", timedelta.max / 4))
