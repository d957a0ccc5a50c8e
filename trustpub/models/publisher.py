"""A publisher: a workload that may publish one or more crates."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone

from registry.models import Crate
from trustpub.models.rule import TrustRule


class Publisher(TrustRule):
    """Reused by every crate with the same rule; gone with its last crate."""

    class State(models.TextChoices):
        ACTIVE = "active"
        SUSPENDED = "suspended"
        EXPIRED = "expired"

    state = models.CharField(max_length=16, choices=State.choices, default=State.ACTIVE)
    state_reason = models.CharField(max_length=255, blank=True)
    scopes = models.JSONField(default=list)
    crates = models.ManyToManyField(Crate, through="PublisherCrate", related_name="publishers")
    # An unpinned rule lapses: whoever takes over the name must not inherit it (b.0).
    pin_before = models.DateTimeField(null=True, blank=True)
    last_verified_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["issuer", "digest"], name="publisher_rule_once"),
        ]
        indexes = [
            models.Index(fields=["issuer", "repository_id"], name="publisher_by_id"),
            models.Index(fields=["issuer", "repository_folded"], name="publisher_by_name"),
        ]

    def is_enabled(self) -> bool:
        has_lapsed = self.pin_before is not None and self.pin_before <= timezone.now()
        return self.state == self.State.ACTIVE and self.issuer.is_enabled and not has_lapsed


class PublisherCrate(models.Model):
    """The right of a publisher on one crate; its id is the `id` of crates.io's config objects."""

    publisher = models.ForeignKey(Publisher, on_delete=models.CASCADE, related_name="grants")
    publisher_id: int
    crate = models.ForeignKey(Crate, on_delete=models.CASCADE, related_name="publisher_grants")
    crate_id: int
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )

    objects: ClassVar[models.Manager["PublisherCrate"]] = models.Manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["publisher", "crate"], name="publisher_crate_once"),
        ]

    def __str__(self) -> str:
        return f"{self.publisher} may publish {self.crate}"
