"""The outbox of the index: crates whose file is older than the database."""

from django.db import models
from django.utils import timezone


class IndexChange(models.Model):
    """Written in the transaction that changes a crate; removed once its file is written.

    Holds the name instead of a key, so that the file of a deleted crate is removed too.
    """

    crate_name = models.CharField(max_length=64, db_index=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    def __str__(self) -> str:
        return self.crate_name
