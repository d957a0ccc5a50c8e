"""Limits of one crate that differ from the installation's."""

from django.db import models


class CrateLimits(models.Model):
    """Found by name, since a limit may be raised before the first version is published."""

    canonical_name = models.CharField(max_length=64, unique=True)
    # null: the installation's limit.
    max_upload_bytes = models.PositiveIntegerField(null=True, blank=True)
    max_features = models.PositiveIntegerField(null=True, blank=True)
    reason = models.CharField(max_length=255)

    class Meta:
        verbose_name_plural = "crate limits"

    def __str__(self) -> str:
        return self.canonical_name
