"""What an administrator has switched off for the whole installation (reference, g.3)."""

from typing import ClassVar

from django.db import models
from django.db.models.functions import Concat
from django.utils import timezone

from trustpub.providers import PROVIDERS

TRUSTED_PUBLISHING = "trusted_publishing"
PENDING_PUBLISHERS = "pending_publishers"
PROVIDER_PREFIX = "provider:"
# With the number of an organisation on GitHub: for the crates that its teams are to own.
ORGANIZATION_PREFIX = "pending_publishers:"


def of_organization(number: int) -> str:
    """The switch for pending publishers of one organisation's teams."""
    return f"{ORGANIZATION_PREFIX}{number}"


def switch_names() -> list[tuple[str, str]]:
    """Every switch of the installation, and what it says to an administrator."""
    kinds = [
        (f"{PROVIDER_PREFIX}{kind}", f"trusted publishing from {provider.label}")
        for kind, provider in PROVIDERS.items()
    ]
    return [
        (TRUSTED_PUBLISHING, "trusted publishing"),
        (PENDING_PUBLISHERS, "new pending publishers"),
        *kinds,
    ]


class SwitchedOffQuerySet(models.QuerySet["SwitchedOff"]):
    def for_kind(self, kind: models.Value | models.OuterRef) -> "SwitchedOffQuerySet":
        """Those that stop exchanges of one kind of provider: its own, and that of them all."""
        own = Concat(models.Value(PROVIDER_PREFIX), kind)
        return self.filter(models.Q(name=TRUSTED_PUBLISHING) | models.Q(name=own))


class SwitchedOff(models.Model):
    """A row is there while something is off; without rows everything is on."""

    name = models.CharField(max_length=48, unique=True)
    # Publish tokens that jobs hold already go on working for their minutes.
    spares_tokens = models.BooleanField("leave tokens that jobs hold already", default=False)
    # For administrators; nobody else is shown it.
    reason = models.CharField(max_length=255)
    at = models.DateTimeField(default=timezone.now, editable=False)

    objects: ClassVar[SwitchedOffQuerySet] = SwitchedOffQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = "switch that is off"
        verbose_name_plural = "switches that are off"

    def __str__(self) -> str:
        return self.name
