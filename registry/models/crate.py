"""A crate: a name and what its versions have in common."""

from datetime import datetime
from typing import TYPE_CHECKING

from django.db import models
from django.utils import timezone

from adapters.compiled import CompiledQuery
from registry.formats.names import canonical

if TYPE_CHECKING:
    from accounts.models import User

_OWNED = CompiledQuery(
    lambda crate, user: Crate.everything.filter(pk=crate, ownerships__user=user).values_list("pk"),
    crate=int,
    user=int,
)


class CrateQuerySet(models.QuerySet["Crate"]):
    def named(self, name: str) -> "CrateQuerySet":
        """The crate of that name in any spelling: case and `-` or `_` do not matter."""
        return self.filter(canonical_name=canonical(name))

    def locked(self) -> "CrateQuerySet":
        """Until the transaction ends; rows that only name the crate can still be written.

        An exchange writes such a row while it holds the publishers that a publish waits for.
        """
        return self.select_for_update(no_key=True)

    def owned_by(self, user: "User") -> "CrateQuerySet":
        return self.filter(ownerships__user=user)


CrateManager = models.Manager.from_queryset(CrateQuerySet)


class VisibleCrates(CrateManager["Crate"]):
    """All but those in quarantine: what readers may know of."""

    def get_queryset(self) -> CrateQuerySet:
        return CrateQuerySet(self.model, using=self._db).filter(hidden_at=None)


class Crate(models.Model):
    """The summary fields repeat what the versions say, so that lists need no join."""

    name = models.CharField(max_length=64)
    canonical_name = models.CharField(max_length=64, unique=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(default=timezone.now, editable=False)
    # As in the version that was published last (crates-io-api 2.8).
    description = models.TextField(blank=True)
    homepage = models.TextField(blank=True)
    documentation = models.TextField(blank=True)
    repository = models.TextField(blank=True)
    keywords = models.JSONField(default=list)
    categories = models.JSONField(default=list)
    # Kept by operations.publish and operations.yank under the row's lock.
    default_version = models.CharField(max_length=150, blank=True)
    max_version = models.CharField(max_length=150, blank=True)
    max_stable_version = models.CharField(max_length=150, blank=True)
    newest_version = models.CharField(max_length=150, blank=True)
    num_versions = models.PositiveIntegerField(default=0)
    # Kept by operations.count_downloads: all, and those of the last 90 days.
    downloads = models.BigIntegerField(default=0)
    recent_downloads = models.BigIntegerField(default=0, db_default=0)
    # New versions come from CI only. Switching that off waits, so that a thief of an owner's
    # account is noticed before (trusted-publishing reference, g.3).
    trustpub_only = models.BooleanField(default=False)
    trustpub_only_since = models.DateTimeField(null=True, blank=True)
    trustpub_only_ends_at = models.DateTimeField(null=True, blank=True)
    # By a moderator; and whether it is hidden, for that or another reason (operations.quarantine).
    quarantined_at = models.DateTimeField(null=True, blank=True)
    hidden_at = models.DateTimeField(null=True, blank=True)

    objects = VisibleCrates()
    everything = CrateManager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~models.Q(name=""), name="crate_name_not_empty"),
        ]
        indexes = [
            models.Index(fields=["-updated_at"], name="crate_updated"),
            models.Index(fields=["-created_at"], name="crate_created"),
            models.Index(fields=["-downloads"], name="crate_downloads"),
            models.Index(fields=["-recent_downloads"], name="crate_recent_downloads"),
            # For the clock, which looks for those whose time is over.
            models.Index(
                fields=["trustpub_only_ends_at"],
                name="crate_trustpub_only_ends",
                condition=models.Q(trustpub_only_ends_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def is_ci_only(self, now: datetime | None = None) -> bool:
        """Whether its own switch keeps API tokens from publishing it now."""
        ends_at = self.trustpub_only_ends_at
        return self.trustpub_only and (ends_at is None or ends_at > (now or timezone.now()))

    def is_owned_by(self, user: "User") -> bool:
        return bool(_OWNED.tuples(crate=self.pk, user=user.pk))
