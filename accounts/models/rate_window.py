"""Counts of one limit in one window of time, for installations without Redis."""

from django.db import models


class RateWindow(models.Model):
    """`key` names limit, subject (hashed) and window; a row is garbage after `ends_at`."""

    key = models.CharField(max_length=128, primary_key=True)
    hits = models.PositiveIntegerField(default=0)
    ends_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"{self.key}: {self.hits}"
