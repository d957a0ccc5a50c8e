"""A token that lives minutes and publishes only what a CI job's identity was trusted with."""

from datetime import datetime
from typing import ClassVar

from django.db import models
from django.utils import timezone

from trustpub.models.issuer import Issuer
from trustpub.models.pending_publisher import PendingPublisher, PendingPublisherQuerySet
from trustpub.models.publisher import PublisherCrate, PublisherCrateQuerySet
from trustpub.workload import Workload


class PublishTokenQuerySet(models.QuerySet["PublishToken"]):
    def usable(self, now: datetime | None = None) -> "PublishTokenQuerySet":
        return self.filter(revoked_at=None, expires_at__gt=now or timezone.now())


class PublishToken(models.Model):
    """Names the rules that granted it: a token dies with its publisher (d.4)."""

    digest = models.CharField(max_length=64, unique=True, editable=False)
    issuer = models.ForeignKey(Issuer, on_delete=models.CASCADE, related_name="publish_tokens")
    # Ids of the PublisherCrate and PendingPublisher rows that granted it, or fewer if the job asked
    # so. They are looked up at each use: what is gone or changed grants nothing any more.
    grant_ids = models.JSONField(default=list)
    pending_ids = models.JSONField(default=list)
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

    def typed_workload(self) -> Workload:
        return Workload.from_dict(self.workload)

    def grants(self) -> PublisherCrateQuerySet:
        """The rights that granted it and were not changed since."""
        unchanged = models.Q(changed_at=None) | models.Q(changed_at__lt=self.issued_at)
        return PublisherCrate.objects.filter(unchanged, pk__in=self.grant_ids)

    def pending(self) -> PendingPublisherQuerySet:
        return PendingPublisher.objects.unexpired().filter(pk__in=self.pending_ids)
