"""A publisher: a workload that may publish one or more crates."""

from datetime import datetime
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from registry.models import Crate, Ownership
from trustpub.models.rule import TrustRule

SUSPENDED_BY = "suspended by "
STOPPED_BY = "stopped by the moderators of the registry: "


class Publisher(TrustRule):
    """Reused by every crate with the same rule; gone with its last crate."""

    class State(models.TextChoices):
        ACTIVE = "active"
        # The repository has another owner; an owner of the crate must confirm it (b.1).
        AWAITING = "awaiting", "waits for an owner"
        SUSPENDED = "suspended"
        EXPIRED = "expired"

    state = models.CharField(max_length=16, choices=State.choices, default=State.ACTIVE)
    state_reason = models.CharField(max_length=255, blank=True)
    # What the repository is called and numbered now, while an owner has not confirmed it.
    proposed = models.JSONField(default=dict, blank=True)
    scopes = models.JSONField(default=list)
    crates = models.ManyToManyField(Crate, through="PublisherCrate", related_name="publishers")
    # An unpinned rule lapses: whoever takes over the name must not inherit it (b.0).
    pin_before = models.DateTimeField(null=True, blank=True)
    # What the last job had that the rule does not ask about: environment, runner.
    seen = models.JSONField(default=dict, blank=True)
    last_verified_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["issuer", "digest"], name="publisher_rule_once"),
        ]
        indexes = [
            models.Index(fields=["issuer", "repository_id"], name="publisher_by_id"),
            models.Index(fields=["issuer", "repository_folded"], name="publisher_by_name"),
        ]

    @property
    def is_suspended_by_owner(self) -> bool:
        """Whether an owner stopped it, and not the registry."""
        by_owner = self.state_reason.startswith(SUSPENDED_BY)
        return self.state == self.State.SUSPENDED and by_owner

    @property
    def is_stopped(self) -> bool:
        """Whether a moderator stopped it; owners neither resume nor replace it."""
        return self.state == self.State.SUSPENDED and self.state_reason.startswith(STOPPED_BY)

    def is_enabled(self) -> bool:
        has_lapsed = self.pin_before is not None and self.pin_before <= timezone.now()
        return self.state == self.State.ACTIVE and self.issuer.is_enabled and not has_lapsed


class PublisherCrateQuerySet(models.QuerySet["PublisherCrate"]):
    def with_standing(self, now: datetime | None = None) -> "PublisherCrateQuerySet":
        """Tells as `is_backed` whether whoever vouches for the right still owns the crate.

        And as `is_served` whether the issuer is for everybody, or for an owner of the crate.
        """
        return self.annotate(is_backed=_is_backed(now or timezone.now()), is_served=_is_served())

    def standing(self, now: datetime | None = None) -> "PublisherCrateQuerySet":
        """Those that grant something now; none on a crate in quarantine."""
        now = now or timezone.now()
        begun = Q(active_from=None) | Q(active_from__lte=now)
        unended = Q(ends_at=None) | Q(ends_at__gt=now)
        within = begun & unended & Q(crate__hidden_at=None)
        return self.filter(within, _is_backed(now), _is_served(), needs_consent=False)

    def unbacked(self, now: datetime | None = None) -> "PublisherCrateQuerySet":
        return self.exclude(_is_backed(now or timezone.now()))


def _is_served() -> Q:
    organization = OuterRef("publisher__issuer__organization_id")
    owners = Ownership.objects.filter(
        crate=OuterRef("crate_id"), team__organization_id=organization
    )
    return Q(publisher__issuer__organization_id=None) | Q(Exists(owners))


def _is_backed(now: datetime) -> Q:
    unlocked = Q(user__locked_at=None) | Q(user__locked_until__lte=now)
    backers = Ownership.objects.filter(
        unlocked,
        crate=OuterRef("crate_id"),
        user=OuterRef("backed_by_id"),
        user__is_active=True,
        user__quarantined_at=None,
    )
    return Q(needs_backer=False) | Q(Exists(backers))


class PublisherCrate(models.Model):
    """The right of a publisher on one crate; its id is the `id` of crates.io's config objects."""

    publisher = models.ForeignKey(Publisher, on_delete=models.CASCADE, related_name="grants")
    publisher_id: int
    crate = models.ForeignKey(Crate, on_delete=models.CASCADE, related_name="publisher_grants")
    crate_id: int
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    # The owner who vouches for it: when they own the crate no longer, another must (threat 52).
    backed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    # False for what the operator added: nobody has to vouch for that.
    needs_backer = models.BooleanField(default=False)
    # The owners were told that nobody vouches for it any more.
    unbacked_at = models.DateTimeField(null=True, blank=True)
    # Time for the owners to notice a publisher that a thief added.
    active_from = models.DateTimeField(null=True, blank=True)
    # Another owner than the one who vouches has to agree first.
    needs_consent = models.BooleanField(default=False)
    # What the owners call it, and what they wrote beside it.
    name = models.CharField(max_length=100, blank=True, default="", db_default="")
    note = models.CharField(max_length=500, blank=True, default="", db_default="")
    # The first moment at which it grants nothing any more; None: it is for good.
    ends_at = models.DateTimeField(null=True, blank=True)
    # Tokens that were issued before are dead.
    changed_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[PublisherCrateQuerySet] = PublisherCrateQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["publisher", "crate"], name="publisher_crate_once"),
        ]

    def __str__(self) -> str:
        return f"{self.publisher} may publish {self.crate}"

    def has_begun(self, now: datetime | None = None) -> bool:
        return self.active_from is None or self.active_from <= (now or timezone.now())

    def has_ended(self, now: datetime | None = None) -> bool:
        return self.ends_at is not None and self.ends_at <= (now or timezone.now())
