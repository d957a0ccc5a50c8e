"""What is counted for /metrics: by kind of CI system and outcome, never by crate (g.5)."""

from django.db import models
from django.utils import timezone


class Figure(models.Model):
    """How often something ended so. `provider` is "" where the kind of CI system was not known.

    Where `what` ends in `_seconds`, `outcome` is the upper bound of a histogram's bucket.
    """

    what = models.CharField(max_length=32)
    provider = models.CharField(max_length=32, blank=True)
    outcome = models.CharField(max_length=40)
    count = models.BigIntegerField(default=0)
    seconds = models.FloatField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["what", "provider", "outcome"], name="figure_once"),
        ]

    def __str__(self) -> str:
        return f"{self.what} {self.provider} {self.outcome}: {self.count}"


class CountedNotes(models.Model):
    """A file of notes that is in the figures: the row commits with them, so none counts twice."""

    name = models.CharField(max_length=64, unique=True)
    at = models.DateTimeField(default=timezone.now, db_index=True)

    def __str__(self) -> str:
        return self.name
