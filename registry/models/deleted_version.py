"""A version that a moderator deleted; its number is not given again before its time."""

from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone


class DeletedVersionQuerySet(models.QuerySet["DeletedVersion"]):
    def held(self, now: datetime) -> "DeletedVersionQuerySet":
        return self.filter(Q(available_at=None) | Q(available_at__gt=now))


class DeletedVersion(models.Model):
    """Outlives the version's row; `has_file` says that its archive is still to be removed."""

    crate_name = models.CharField(max_length=64)
    canonical_name = models.CharField(max_length=64)
    num = models.CharField(max_length=150)
    num_without_build = models.CharField(max_length=150)
    checksum = models.CharField(max_length=64)
    deleted_at = models.DateTimeField(default=timezone.now)
    # None: never.
    available_at = models.DateTimeField(null=True)
    deleted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    message = models.TextField(blank=True)
    has_file = models.BooleanField(default=True, db_index=True)

    objects = DeletedVersionQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["canonical_name", "num_without_build"], name="deleted_version"),
        ]

    def __str__(self) -> str:
        return f"{self.crate_name}@{self.num}"
