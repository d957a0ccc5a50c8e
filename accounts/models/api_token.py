"""A long-lived token of a person."""

from datetime import datetime
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone

from accounts.scopes import Scope, allows


class ApiTokenQuerySet(models.QuerySet["ApiToken"]):
    def usable(self, now: datetime | None = None) -> "ApiTokenQuerySet":
        moment = now or timezone.now()
        return self.filter(revoked_at=None).filter(
            models.Q(expires_at=None) | models.Q(expires_at__gt=moment)
        )

    def listed(self) -> "ApiTokenQuerySet":
        """What its owner sees: everything that was not revoked, newest first."""
        return self.filter(revoked_at=None).order_by("-pk")


class ApiToken(models.Model):
    """Stored as a digest; the text is shown once, when it is made."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="api_tokens"
    )
    user_id: int
    name = models.CharField(max_length=255)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    # null: not limited in that respect (crates-io-api 0.4).
    endpoint_scopes = models.JSONField(null=True, blank=True)
    crate_patterns = models.JSONField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    expires_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, editable=False)
    last_used_agent = models.CharField(max_length=255, blank=True, editable=False)
    # Wide enough to name no household, see accounts.client_address.
    last_network = models.CharField(max_length=43, blank=True, default="", db_default="")
    revoked_at = models.DateTimeField(null=True, blank=True, editable=False)
    # When its owner was told that it ends soon.
    expiry_told_at = models.DateTimeField(null=True, editable=False)

    objects: ClassVar[ApiTokenQuerySet] = ApiTokenQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~models.Q(name=""), name="api_token_name_not_empty"),
        ]

    def __str__(self) -> str:
        return f"{self.user}: {self.name}"

    def allows(self, scope: Scope | None, crate_name: str | None) -> bool:
        return allows(self.endpoint_scopes, self.crate_patterns, scope, crate_name)

    def is_expired(self) -> bool:
        return self.expires_at is not None and self.expires_at <= timezone.now()
