"""What publishers and pending publishers have in common: which workloads they trust."""

from typing import Any

from django.conf import settings
from django.db import models
from django.utils import timezone

from trustpub.conditions import Condition
from trustpub.models.issuer import Issuer
from trustpub.providers.base import Provider
from trustpub.restrictions import in_words, limits_refs


class TrustRule(models.Model):
    """Names are for people, ids are for trust: `repository` is shown, the ids decide (b.0)."""

    issuer = models.ForeignKey(Issuer, on_delete=models.PROTECT, related_name="%(class)ss")
    issuer_id: int
    # The fields of the form, as the configuration API names them.
    fields = models.JSONField(default=dict)
    # What a job must have beyond the fields: ref, event, runner and so on (trustpub.restrictions).
    rules = models.JSONField(default=dict, blank=True)
    # Typed conditions on the workload, made from the fields by the provider.
    conditions = models.JSONField(default=list)
    # Identity of issuer and conditions; two equal rules are one rule.
    digest = models.CharField(max_length=64, editable=False)
    repository = models.CharField(max_length=512)
    repository_folded = models.CharField(max_length=512, editable=False)
    repository_id = models.CharField(max_length=64, blank=True)
    # The forge's number of the account or group that owns the repository.
    repository_owner_id = models.CharField(max_length=64, blank=True)
    pinned_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.issuer.name} {self.provider.title(self.fields)}"

    @property
    def provider(self) -> Provider:
        return self.issuer.adapter

    @property
    def is_pinned(self) -> bool:
        return bool(self.repository_id and self.repository_owner_id)

    @property
    def environment(self) -> str | None:
        return self.fields.get("environment") or None

    @property
    def asks_for_environment(self) -> bool:
        """Whether it names one, under whichever name, or says which it may be."""
        named = any(condition.field == "environment" for condition in self.typed_conditions())
        return named or "environment" in self.rules

    @property
    def workflow(self) -> str:
        """The workflow file, under whichever name the provider's form has for it."""
        return str(
            self.fields.get("workflow_filename") or self.fields.get("workflow_filepath") or ""
        )

    @property
    def title(self) -> str:
        """Who publishes, without the issuer's name."""
        title = self.provider.title(self.fields)
        return title[:1].upper() + title[1:]

    @property
    def summary(self) -> list[tuple[str, str]]:
        """What the rule asks for, in words."""
        return self.provider.summary(self.fields)

    @property
    def has_pins(self) -> bool:
        """Whether names stand beside IDs that a first job can pin."""
        return any(rule.is_pin for rule in self.provider.fields)

    @property
    def open_to_branches(self) -> bool:
        """Whether everybody who can push a branch can publish."""
        return self.provider.open_to_branches(self.fields) and not limits_refs(self.rules)

    def rules_in_words(self) -> list[tuple[str, str]]:
        """The restrictions for people, in the order of the form."""
        return in_words(self.rules)

    def ids_in_form(self) -> dict[str, str | None]:
        """The ids under the names that the provider's form has for them."""
        names = [rule.name for rule in self.provider.fields if rule.is_pin]
        ids = (self.repository_id or None, self.repository_owner_id or None)
        return dict(zip(names, ids, strict=False))

    def typed_conditions(self) -> tuple[Condition, ...]:
        return tuple(Condition.from_dict(entry) for entry in self.conditions)

    def facts(self) -> dict[str, Any]:
        """For the audit log."""
        return {
            "issuer": self.issuer.url,
            "provider": self.issuer.provider,
            **self.fields,
            **({"rules": self.rules} if self.rules else {}),
            "repository_id": self.repository_id,
            "repository_owner_id": self.repository_owner_id,
        }
