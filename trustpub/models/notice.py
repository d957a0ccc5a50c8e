"""A letter that is sent once, or once a day (reference, g.1)."""

from django.db import models
from django.utils import timezone


class Notice(models.Model):
    """The unique key decides between two senders; the letter goes out after the commit."""

    key = models.CharField(max_length=128, unique=True)
    at = models.DateTimeField(default=timezone.now, db_index=True)

    def __str__(self) -> str:
        return self.key
