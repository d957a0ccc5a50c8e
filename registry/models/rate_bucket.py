"""How often somebody may still publish or yank: token buckets, and who has larger ones."""

from datetime import datetime, timedelta
from typing import ClassVar

from django.conf import settings
from django.core.validators import MinValueValidator
from django.db import models


class LimitedAction(models.TextChoices):
    """What takes a token from a bucket of its own."""

    PUBLISH_NEW = "publish-new", "publish new crates"
    PUBLISH_UPDATE = "publish-update", "publish new versions"
    YANK_UNYANK = "yank-unyank", "yank and unyank"
    ATTEST = "attest", "add attestations"


class RateBucket(models.Model):
    """The tokens that are left; `subject` is an actor's limit key."""

    subject = models.CharField(max_length=128)
    action = models.CharField(max_length=16, choices=LimitedAction.choices)
    tokens = models.PositiveIntegerField()
    # In whole seconds, so that a Retry-After computed from it is not a moment early.
    refilled_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["subject", "action"], name="one_bucket_for_each_action")
        ]

    def __str__(self) -> str:
        return f"{self.subject} {self.action}: {self.tokens}"

    def take(self, *, burst: int, refill: timedelta, now: datetime) -> bool:
        """Takes one token, then adds those that are due; whether any is left (crates-io-api 2.11).

        The arithmetic is crates.io's: the call that makes a bucket takes nothing, so `burst`
        calls in a row pass.
        """
        due = max(0, (now - self.refilled_at) // refill)
        self.tokens = min(burst, max(0, self.tokens - 1) + due)
        self.refilled_at += refill * due
        return self.tokens > 0


class LimitOverrideQuerySet(models.QuerySet["LimitOverride"]):
    def current(self, now: datetime) -> "LimitOverrideQuerySet":
        return self.filter(models.Q(expires_at=None) | models.Q(expires_at__gt=now))


class LimitOverride(models.Model):
    """A burst that one person was given instead of the installation's."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="limit_overrides"
    )
    action = models.CharField(max_length=16, choices=LimitedAction.choices)
    burst = models.PositiveIntegerField(validators=[MinValueValidator(1)])
    expires_at = models.DateTimeField(null=True, blank=True)
    reason = models.CharField(max_length=255)

    objects: ClassVar[LimitOverrideQuerySet] = LimitOverrideQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "action"], name="one_override_for_each_action")
        ]

    def __str__(self) -> str:
        return f"{self.user} {self.action}: {self.burst}"
