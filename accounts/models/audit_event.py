"""One change of state: who, what, before, after, when, by which request."""

from django.db import models
from django.utils import timezone


class AuditEvent(models.Model):
    """Holds names instead of foreign keys, so that it outlives its subject."""

    at = models.DateTimeField(default=timezone.now, db_index=True, editable=False)
    name = models.CharField(max_length=64, db_index=True)
    actor_kind = models.CharField(max_length=16)
    actor_id = models.CharField(max_length=64, blank=True)
    actor_label = models.CharField(max_length=255)
    crate = models.CharField(max_length=64, blank=True)
    subject = models.CharField(max_length=255, blank=True)
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)
    request_id = models.CharField(max_length=36, blank=True)
    address = models.GenericIPAddressField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["crate", "-at"], name="audit_crate_at"),
            # A person's own log, newest first.
            models.Index(fields=["actor_kind", "actor_id", "-id"], name="audit_actor"),
            # For the clock, which takes old addresses away; most events have lost theirs.
            models.Index(
                fields=["at"],
                name="audit_with_address",
                condition=models.Q(address__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%S} {self.name} {self.subject}"
