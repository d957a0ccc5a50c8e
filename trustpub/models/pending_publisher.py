"""A publisher for a crate that does not exist yet (trusted-publishing reference, c.2)."""

from datetime import datetime
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone

from registry.models import Team
from trustpub.models.rule import TrustRule


class PendingPublisherQuerySet(models.QuerySet["PendingPublisher"]):
    def unexpired(self, now: datetime | None = None) -> "PendingPublisherQuerySet":
        return self.filter(expires_at__gt=now or timezone.now())


class PendingPublisher(TrustRule):
    """Holds no name: the first valid publish wins. Becomes a Publisher in that transaction."""

    crate_name = models.CharField(max_length=64)
    canonical_name = models.CharField(max_length=64, db_index=True, editable=False)
    # Owner of the crate to be.
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="pending_publishers"
    )
    # Owns the crate beside them; who registered it must still be in it at the first publish.
    team = models.ForeignKey(
        Team, null=True, blank=True, on_delete=models.CASCADE, related_name="pending_publishers"
    )
    expires_at = models.DateTimeField()
    # By its registrant: it founds nothing until they resume it, and expires all the same.
    suspended_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[PendingPublisherQuerySet] = PendingPublisherQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        constraints = [
            # Per registrant, so that nobody can block another's workflow (threat 35).
            models.UniqueConstraint(
                fields=["owner", "canonical_name", "issuer", "digest"],
                name="pending_publisher_once_per_owner",
            ),
        ]
        indexes = [
            models.Index(fields=["issuer", "repository_id"], name="pending_by_id"),
            models.Index(fields=["issuer", "repository_folded"], name="pending_by_name"),
        ]

    def is_enabled(self) -> bool:
        stands = self.suspended_at is None and self.expires_at > timezone.now()
        return stands and self.issuer.is_enabled and self.is_served

    def facts(self) -> dict[str, Any]:
        """With the team, by which its organisation finds the event."""
        return super().facts() | ({"team": self.team.login} if self.team else {})

    @property
    def is_served(self) -> bool:
        """Whether the issuer is for everybody, or for the organisation of the team."""
        wanted = self.issuer.organization_id
        return wanted is None or (self.team is not None and self.team.organization_id == wanted)
