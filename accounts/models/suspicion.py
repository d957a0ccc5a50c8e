"""Something about an account that a moderator should look at; it may be harmless."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone


class SuspicionQuerySet(models.QuerySet["Suspicion"]):
    def waiting(self) -> "SuspicionQuerySet":
        return self.filter(looked_at=None)


class Suspicion(models.Model):
    """At most one waits for each kind and subject; what happens again meanwhile is no other."""

    class Kind(models.TextChoices):
        MANY_CRATES = "many_crates", "many new crates"
        NEW_NETWORK = "new_network", "token used from a new network after long silence"

    kind = models.CharField(max_length=32, choices=Kind)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="suspicions"
    )
    # What it is about: a login, or a token by its number and name.
    subject = models.CharField(max_length=255)
    detail = models.CharField(max_length=255)
    at = models.DateTimeField(default=timezone.now, editable=False)
    looked_at = models.DateTimeField(null=True, editable=False)
    looked_at_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )

    objects: ClassVar[SuspicionQuerySet] = SuspicionQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = "suspicious pattern"
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "subject"],
                condition=models.Q(looked_at=None),
                name="one_waiting_suspicion_of_each",
            )
        ]

    def __str__(self) -> str:
        return f"{self.user}: {self.get_kind_display()}"
