"""An installation of a CI system that signs ID tokens, and the keys it was last seen with."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone

from trustpub.providers import PROVIDERS


class IssuerQuerySet(models.QuerySet["Issuer"]):
    def enabled(self) -> "IssuerQuerySet":
        return self.exclude(state=Issuer.State.DISABLED)

    def open_for_publishers(self) -> "IssuerQuerySet":
        return self.filter(state=Issuer.State.ENABLED)


class Issuer(models.Model):
    """Every publisher, replay key and lookup contains its issuer (design decision 5)."""

    class State(models.TextChoices):
        ENABLED = "enabled"
        # Existing publishers work; new ones cannot be made.
        READ_ONLY = "read_only", "no new publishers"
        DISABLED = "disabled"

    provider = models.CharField(
        max_length=32, choices=[(kind, provider.label) for kind, provider in PROVIDERS.items()]
    )
    # Compared byte by byte with `iss`: no slash is added, no letter is lowered.
    url = models.CharField(max_length=255, unique=True)
    name = models.CharField(max_length=100)
    # What links to repositories, commits and runs are built from.
    web_url = models.CharField(max_length=255)
    algorithms = models.JSONField(default=list)
    # Hosts beside the issuer's own where its keys may be.
    extra_key_hosts = models.JSONField(default=list, blank=True)
    # A forge inside of the company's network; only an administrator can say so.
    internal_network = models.BooleanField(default=False)
    state = models.CharField(max_length=16, choices=State.choices, default=State.ENABLED)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects: ClassVar[IssuerQuerySet] = IssuerQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(url__startswith="https://")
                | models.Q(url__startswith="http://"),
                name="issuer_url_is_http",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_enabled(self) -> bool:
        return self.state != self.State.DISABLED

    @property
    def counts_our_people(self) -> bool:
        """Whether its numbers of accounts are those that people sign in here with."""
        return self.provider == "github" and self.web_url == settings.GITHUB_URL


class KeySetRow(models.Model):
    """The keys of one exact `iss`; an enterprise's own issuer has its own row (b.1)."""

    issuer = models.ForeignKey(Issuer, on_delete=models.CASCADE, related_name="key_sets")
    url = models.CharField(max_length=255, unique=True)
    keys = models.JSONField(default=list)
    # The set before, for forensics.
    previous_keys = models.JSONField(default=list)
    fetched_at = models.DateTimeField(null=True)
    # Counts failures too, so that nobody makes us hammer the issuer (a.7).
    attempted_at = models.DateTimeField(null=True)
    error = models.CharField(max_length=255, blank=True)

    class Meta:
        verbose_name = "key set"

    def __str__(self) -> str:
        return self.url
