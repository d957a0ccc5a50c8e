"""A token that lives minutes and publishes only what a CI job's identity was trusted with."""

from datetime import datetime
from typing import ClassVar

from django.db import models
from django.utils import timezone

from registry.models import Crate
from trustpub.binding import Binding
from trustpub.models.issuer import Issuer
from trustpub.models.pending_publisher import PendingPublisher
from trustpub.models.publisher import Publisher
from trustpub.models.reader import Reader
from trustpub.workload import Workload


class PublishTokenQuerySet(models.QuerySet["PublishToken"]):
    def usable(self, now: datetime | None = None) -> "PublishTokenQuerySet":
        return self.filter(revoked_at=None, expires_at__gt=now or timezone.now())


class PublishToken(models.Model):
    """Links to the rules that granted it: a token dies with its publisher (d.4)."""

    digest = models.CharField(max_length=64, unique=True, editable=False)
    issuer = models.ForeignKey(Issuer, on_delete=models.CASCADE, related_name="publish_tokens")
    issuer_id: int
    publishers = models.ManyToManyField(Publisher, related_name="tokens")
    pending_publishers = models.ManyToManyField(PendingPublisher, related_name="tokens")
    # Set for a token that only reads (d.8), which has none of the others.
    reader = models.ForeignKey(Reader, null=True, on_delete=models.SET_NULL, related_name="tokens")
    # The crates of those publishers when the token was issued, or fewer if the job asked so.
    crates = models.ManyToManyField(Crate, related_name="publish_tokens")
    new_names = models.JSONField(default=list)
    scopes = models.JSONField(default=list)
    # One archive only, where the job bound the token to it (d.5).
    bound_name = models.CharField(max_length=64, blank=True)
    bound_version = models.CharField(max_length=150, blank=True)
    bound_checksum = models.CharField(max_length=64, blank=True)
    workload = models.JSONField()
    replay_key = models.CharField(max_length=255)
    issued_at = models.DateTimeField(default=timezone.now, editable=False)
    expires_at = models.DateTimeField(db_index=True)
    revoked_at = models.DateTimeField(null=True)
    revoked_because = models.CharField(max_length=64, blank=True)
    first_used_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True)
    use_count = models.PositiveIntegerField(default=0)

    objects: ClassVar[PublishTokenQuerySet] = PublishTokenQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(expires_at__gt=models.F("issued_at")),
                name="publish_token_expires_after_issue",
            ),
            models.CheckConstraint(
                condition=models.Q(bound_checksum="")
                | (~models.Q(bound_name="") & ~models.Q(bound_version="")),
                name="publish_token_binding_is_whole",
            ),
        ]

    def __str__(self) -> str:
        return f"publish token {self.pk}"

    def binding(self) -> Binding | None:
        """The only archive that it publishes; None: any that it covers."""
        if not self.bound_checksum:
            return None
        return Binding(self.bound_name, self.bound_version, self.bound_checksum)

    def typed_workload(self) -> Workload:
        return Workload.from_dict(self.workload)
