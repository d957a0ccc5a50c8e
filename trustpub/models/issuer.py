"""An installation of a CI system that signs ID tokens, and the keys it was last seen with."""

from typing import ClassVar

from django.db import models
from django.utils import timezone

from trustpub.models.switch import SwitchedOff, SwitchedOffQuerySet
from trustpub.providers import PROVIDERS, provider_for
from trustpub.providers.base import Provider


def provider_kinds() -> list[tuple[str, str]]:
    """A function, so that another provider is no migration."""
    return [(kind, provider.label) for kind, provider in PROVIDERS.items()]


def _switches() -> SwitchedOffQuerySet:
    return SwitchedOff.objects.for_kind(models.OuterRef("provider"))


class IssuerQuerySet(models.QuerySet["Issuer"]):
    def enabled(self) -> "IssuerQuerySet":
        """Whose ID tokens are exchanged; a switch may stop all of a kind, or everything."""
        return self.exclude(state=Issuer.State.DISABLED).exclude(models.Exists(_switches()))

    def honoured(self) -> "IssuerQuerySet":
        """Whose jobs may use the publish tokens that they hold; a switch may spare those."""
        off = _switches().filter(spares_tokens=False)
        return self.exclude(state=Issuer.State.DISABLED).exclude(models.Exists(off))

    def with_switches(self) -> "IssuerQuerySet":
        """Each with `is_switched_off`, so that an exchange asks once."""
        return self.annotate(off_by_switch=models.Exists(_switches()))

    def open_for_publishers(self) -> "IssuerQuerySet":
        return self.filter(state=Issuer.State.ENABLED).exclude(models.Exists(_switches()))


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
        return bool(getattr(self, "off_by_switch", False))

    @property
    def is_enabled(self) -> bool:
        return self.state != self.State.DISABLED

    @property
    def adapter(self) -> Provider:
        """The provider as this row has set it up."""
        return provider_for(self.provider).configured(self.options)


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
