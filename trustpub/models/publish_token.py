"""A token that lives minutes and publishes only what a CI job's identity was trusted with."""

from datetime import datetime
from typing import ClassVar

from django.db import models
from django.utils import timezone

from accounts.scopes import Scope
from trustpub.binding import Binding
from trustpub.models.issuer import Issuer
from trustpub.models.pending_publisher import PendingPublisher, PendingPublisherQuerySet
from trustpub.models.publisher import PublisherCrate, PublisherCrateQuerySet
from trustpub.models.reader import Reader
from trustpub.workload import Workload


class PublishTokenQuerySet(models.QuerySet["PublishToken"]):
    def usable(self, now: datetime | None = None) -> "PublishTokenQuerySet":
        return self.filter(revoked_at=None, expires_at__gt=now or timezone.now())


class PublishToken(models.Model):
    """Names the rules that granted it: a token dies with its publisher (d.4)."""

    digest = models.CharField(max_length=64, unique=True, editable=False)
    issuer = models.ForeignKey(Issuer, on_delete=models.CASCADE, related_name="publish_tokens")
    issuer_id: int
    # Ids of the PublisherCrate and PendingPublisher rows that granted it, or fewer if the job asked
    # so. They are looked up at each use: what is gone or changed grants nothing any more.
    grant_ids = models.JSONField(default=list)
    pending_ids = models.JSONField(default=list)
    # Set for a token that only reads (d.8), which has none of the others.
    reader = models.ForeignKey(Reader, null=True, on_delete=models.SET_NULL, related_name="tokens")
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

    @property
    def only_reads(self) -> bool:
        return Scope.READ in self.scopes

    def binding(self) -> Binding | None:
        """The only archive that it publishes; None: any that it covers."""
        if not self.bound_checksum:
            return None
        return Binding(self.bound_name, self.bound_version, self.bound_checksum)

    def typed_workload(self) -> Workload:
        return Workload.from_dict(self.workload)

    def grants(self) -> PublisherCrateQuerySet:
        """The rights that granted it and were not changed since."""
        unchanged = models.Q(changed_at=None) | models.Q(changed_at__lt=self.issued_at)
        return PublisherCrate.objects.filter(unchanged, pk__in=self.grant_ids)

    def pending(self) -> PendingPublisherQuerySet:
        return PendingPublisher.objects.unexpired().filter(pk__in=self.pending_ids)

    def grants_to_publish(self) -> PublisherCrateQuerySet:
        """None for a token that only reads, which stands on its rules and publishes nothing."""
        return self.grants().none() if self.only_reads else self.grants()

    def pending_to_found(self) -> PendingPublisherQuerySet:
        return self.pending().none() if self.only_reads else self.pending()
