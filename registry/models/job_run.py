"""What is known of each job of the timetable: when it was asked for, and how its last run ended."""

from django.db import models


class JobRun(models.Model):
    """One row a job, whichever machine ran it."""

    job = models.CharField(max_length=100, unique=True)
    # The clock put it on the queue; noted at most once a minute.
    sent_at = models.DateTimeField(null=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    duration_ms = models.PositiveBigIntegerField(null=True)
    succeeded = models.BooleanField(null=True)
    # What the job says it did, or the kind of error; the log has the rest.
    result = models.CharField(max_length=200, blank=True)
    succeeded_at = models.DateTimeField(null=True)
    failed_at = models.DateTimeField(null=True)
    runs = models.PositiveBigIntegerField(default=0)
    failures = models.PositiveBigIntegerField(default=0)

    class Meta:
        ordering = ["job"]

    def __str__(self) -> str:
        return self.job
