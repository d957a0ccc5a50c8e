"""An installation of a CI system that signs ID tokens, and the keys it was last seen with."""

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone

from registry.models import Crate, Team
from trustpub.models.switch import SwitchedOff, SwitchedOffQuerySet
from trustpub.providers import PROVIDERS, provider_for
from trustpub.providers.base import Provider


def provider_kinds() -> list[tuple[str, str]]:
    """A function, so that another provider is no migration."""
    return [(kind, provider.label) for kind, provider in PROVIDERS.items()]


def _switches(kind: str = "provider") -> SwitchedOffQuerySet:
    return SwitchedOff.objects.for_kind(models.OuterRef(kind))


class IssuerQuerySet(models.QuerySet["Issuer"]):
    def enabled(self) -> "IssuerQuerySet":
        """Whose ID tokens are exchanged; a switch may stop all of a kind, or everything."""
        return self.exclude(state=Issuer.State.DISABLED).exclude(models.Exists(_switches()))

    def honoured(self) -> "IssuerQuerySet":
        """Whose jobs may use the publish tokens that they hold; a switch may spare those."""
        off = _switches().filter(spares_tokens=False)
        return self.exclude(state=Issuer.State.DISABLED).exclude(models.Exists(off))

    def with_switches(self) -> "IssuerQuerySet":
        """Each with `switched_off`, so that an exchange asks once."""
        return self.annotate(switched_off=models.Exists(_switches()))

    def open_for_publishers(self) -> "IssuerQuerySet":
        return self.filter(state=Issuer.State.ENABLED).exclude(models.Exists(_switches()))

    def for_everybody(self) -> "IssuerQuerySet":
        """Not those of one organisation, which are nobody else's business."""
        return self.filter(organization_id=None)

    def for_crate(self, crate: Crate) -> "IssuerQuerySet":
        """Those that everybody may use, and those of organisations whose teams own the crate."""
        return self.for_organizations(
            Team.objects.filter(ownerships__crate=crate).values("organization_id")
        )

    def for_organizations(self, numbers: object) -> "IssuerQuerySet":
        """Those that everybody may use, and those of these organisations, by number."""
        return self.filter(models.Q(organization_id=None) | models.Q(organization_id__in=numbers))


class Issuer(models.Model):
    """Every publisher, replay key and lookup contains its issuer (design decision 5)."""

    class State(models.TextChoices):
        ENABLED = "enabled"
        # Existing publishers work; new ones cannot be made.
        READ_ONLY = "read_only", "no new publishers"
        DISABLED = "disabled"

    provider = models.CharField(max_length=32, choices=provider_kinds)
    # Compared byte by byte with `iss`: no slash is added, no letter is lowered.
    url = models.CharField(max_length=255, unique=True)
    name = models.CharField(max_length=100)
    # What links to repositories, commits and runs are built from.
    web_url = models.CharField(max_length=255)
    algorithms = models.JSONField(default=list)
    # Hosts beside the issuer's own where its keys may be.
    extra_key_hosts = models.JSONField(default=list, blank=True)
    # What the operator set for this row; the provider says what there is (providers/options.py).
    options = models.JSONField(default=dict, blank=True)
    # Where the forge says which numbers stand behind names; empty: it is not asked.
    api_url = models.CharField(max_length=255, blank=True)
    # The organisation on GitHub whose teams' crates alone its jobs publish; None: everybody's.
    organization_id = models.BigIntegerField(null=True, blank=True)
    organization = models.CharField(max_length=100, blank=True)
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
    def is_switched_off(self) -> bool:
        """For rows of with_switches(), which alone looks."""
        return bool(getattr(self, "switched_off", False))

    @property
    def is_enabled(self) -> bool:
        return self.state != self.State.DISABLED

    @property
    def counts_our_people(self) -> bool:
        """Whether its numbers of accounts are those that people sign in here with."""
        return self.provider == "github" and self.web_url == settings.GITHUB_URL

    def serves(self, crate: Crate) -> bool:
        """Whether its jobs may publish the crate at all."""
        if self.organization_id is None:
            return True
        return crate.ownerships.filter(team__organization_id=self.organization_id).exists()

    @property
    def adapter(self) -> Provider:
        """The provider as this row has set it up."""
        return provider_for(self.provider).configured(self.options)


class KeySetRowQuerySet(models.QuerySet["KeySetRow"]):
    def with_switches(self) -> "KeySetRowQuerySet":
        """With the issuer of each; `is_switched_off` tells of that issuer."""
        off = models.Exists(_switches("issuer__provider"))
        return self.select_related("issuer").annotate(switched_off=off)


class KeySetRow(models.Model):
    """The keys of one exact `iss`; an enterprise's own issuer has its own row (b.1)."""

    issuer = models.ForeignKey(Issuer, on_delete=models.CASCADE, related_name="key_sets")
    url = models.CharField(max_length=255, unique=True)
    keys = models.JSONField(default=list)
    # The set before, for forensics.
    previous_keys = models.JSONField(default=list)
    # What the discovery document says of its tokens, for administrators alone (a.6).
    announced: "models.JSONField[dict[str, Any], dict[str, Any]]" = models.JSONField(default=dict)
    fetched_at = models.DateTimeField(null=True)
    # Counts failures too, so that nobody makes us hammer the issuer (a.7).
    attempted_at = models.DateTimeField(null=True)
    error = models.CharField(max_length=255, blank=True)

    objects: ClassVar[KeySetRowQuerySet] = KeySetRowQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = "key set"

    def __str__(self) -> str:
        return self.url

    @property
    def is_switched_off(self) -> bool:
        """For rows of with_switches(), which alone looks."""
        return bool(getattr(self, "switched_off", False))
