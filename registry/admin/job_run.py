"""The timetable."""

from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from accounts.admin.base import ReadOnlyAdmin
from registry.models import JobRun
from registry.queries.timetable import clock_is_late, jobs, timetable, worker_is_late


@admin.register(JobRun)
class JobRunAdmin(ReadOnlyAdmin):
    """Every job of the timetable, also what was never sent and so has no row."""

    readonly_fields = ["title", "every"]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> Any:
        entries = timetable()
        found = {
            "title": "Timetable",
            "entries": entries,
            "clock_late": clock_is_late(entries),
            "worker_late": worker_is_late(entries),
        }
        return super().changelist_view(request, {**(extra_context or {}), **found})

    @admin.display(description="does")
    def title(self, run: JobRun) -> str:
        return self._known(run)[0]

    @admin.display(description="every")
    def every(self, run: JobRun) -> str:
        return str(self._known(run)[1])

    def _known(self, run: JobRun) -> tuple[str, timedelta]:
        # A row outlives the job that an older version had.
        return jobs().get(run.job, ("not in the timetable any more", timedelta.max / 4))
