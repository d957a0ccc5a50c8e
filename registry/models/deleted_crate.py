"""A crate that its owner deleted: who, why, and from when on its name is free."""

from django.conf import settings
from django.db import models
from django.utils import timezone


class DeletedCrate(models.Model):
    """Outlives the crate's rows; `files` are versions whose archives are still to be removed."""

    name = models.CharField(max_length=64)
    canonical_name = models.CharField(max_length=64, db_index=True)
    created_at = models.DateTimeField()
    deleted_at = models.DateTimeField(default=timezone.now)
    available_at = models.DateTimeField()
    deleted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    message = models.TextField(blank=True)
    files = models.JSONField(default=list)
    has_files = models.BooleanField(default=True, db_index=True)

    def __str__(self) -> str:
        return self.name
