"""How exchanges ended, counted by kind of CI system and never by crate (reference, g.5)."""

from django.db import models
from django.utils import timezone


class ExchangeCount(models.Model):
    """One outcome: `granted`, or the code of a refusal. `provider` is "" before one is known."""

    provider = models.CharField(max_length=32, blank=True)
    outcome = models.CharField(max_length=40)
    exchanges = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["provider", "outcome"], name="exchange_count_once"),
        ]

    def __str__(self) -> str:
        return f"{self.provider or 'unknown'} {self.outcome}: {self.exchanges}"


class ExchangeTime(models.Model):
    """How long exchanges took: one bucket of a histogram, each holding what is in no lower one."""

    # In seconds; the last bucket has no upper bound, which is written as 0.
    up_to = models.FloatField(unique=True)
    exchanges = models.BigIntegerField(default=0)
    seconds = models.FloatField(default=0)

    def __str__(self) -> str:
        return f"up to {self.up_to} s: {self.exchanges}"


class CountedNotes(models.Model):
    """A file of notes that is in the counts: the row commits with them, so none counts twice."""

    name = models.CharField(max_length=64, unique=True)
    at = models.DateTimeField(default=timezone.now, db_index=True)

    def __str__(self) -> str:
        return self.name
