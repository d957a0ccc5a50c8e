"""Somebody is asked to own a crate; the row lives until they answer."""

from datetime import datetime
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone

from registry.models.crate import Crate


class InvitationQuerySet(models.QuerySet["Invitation"]):
    def live(self, now: datetime | None = None) -> "InvitationQuerySet":
        return self.filter(expires_at__gt=now or timezone.now())

    def with_everybody(self) -> "InvitationQuerySet":
        return self.select_related("crate", "invitee", "inviter")


class Invitation(models.Model):
    """Changed under the crate's lock alone, so that two answers never meet."""

    crate = models.ForeignKey(Crate, on_delete=models.CASCADE, related_name="invitations")
    crate_id: int
    invitee = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="invitations"
    )
    invitee_id: int
    # An invitation goes with whoever spoke it.
    inviter = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+"
    )
    inviter_id: int
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    expires_at = models.DateTimeField()
    # Of the token in the letter; null where none was written.
    digest = models.CharField(max_length=64, null=True, blank=True, unique=True, editable=False)

    objects: ClassVar[InvitationQuerySet] = InvitationQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["crate", "invitee"], name="person_invited_once")
        ]

    def __str__(self) -> str:
        return f"{self.invitee} is invited to own {self.crate}"

    def is_expired(self) -> bool:
        return self.expires_at <= timezone.now()
