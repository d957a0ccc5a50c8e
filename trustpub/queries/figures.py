"""What /metrics tells of trusted publishing (reference, g.5)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, F, Q
from django.utils import timezone

from accounts.models import AuditEvent
from registry.models import Crate
from trustpub.models import (
    Figure,
    KeySetRow,
    PendingPublisher,
    Publisher,
    PublishToken,
    SwitchedOff,
    UnknownClaim,
)

# Counted from the audit log, which says so in the same transaction in which it happened.
EVENTS = (
    "pending.conflict",
    "pending.created",
    "pending.deleted",
    "pending.expired",
    "pending.invalidated",
    "pending.reified",
    "publish_token.revoked",
    "publisher.created",
    "publisher.deleted",
    "publisher.expired",
    "publisher.identity_changed",
    "publisher.pinned",
    "publisher.renamed",
)


@dataclass(frozen=True, slots=True)
class Figures:
    """`publishers` and `events` are by their labels, `key_set_ages` in seconds by issuer."""

    outcomes: Sequence[Figure]
    events: Mapping[str, int]
    publishers: Mapping[tuple[str, str], int]
    without_environment: int
    unpinned: int
    pending: int
    tokens: Mapping[str, int]
    only_crates: int
    unknown_claims: Mapping[str, int]
    key_set_ages: Mapping[str, float]
    switched_off: Sequence[str]


def figures(now: datetime | None = None) -> Figures:
    """A fixed number of queries, none of which grows with what is published."""
    now = now or timezone.now()
    active = Publisher.objects.filter(state=Publisher.State.ACTIVE)
    return Figures(
        outcomes=list(Figure.objects.order_by("what", "provider", "outcome")),
        events=_events(),
        publishers=_publishers(),
        without_environment=active.filter(
            Q(fields__environment=None) | Q(fields__environment="")
        ).count(),
        unpinned=active.filter(pinned_at=None).count(),
        pending=PendingPublisher.objects.unexpired(now).count(),
        tokens=_tokens(now),
        only_crates=Crate.objects.filter(trustpub_only=True).count(),
        unknown_claims=_unknown_claims(),
        key_set_ages=_ages(now),
        switched_off=list(SwitchedOff.objects.order_by("name").values_list("name", flat=True)),
    )


def _events() -> dict[str, int]:
    rows = AuditEvent.objects.filter(name__in=EVENTS).values_list("name").annotate(Count("pk"))
    return dict.fromkeys(EVENTS, 0) | dict(rows)


def _publishers() -> dict[tuple[str, str], int]:
    rows = Publisher.objects.values_list("issuer__provider", "state").annotate(Count("pk"))
    return {(provider, state): count for provider, state, count in rows}


def _tokens(now: datetime) -> dict[str, int]:
    """Those of the days for which expired tokens are kept."""
    live = Q(revoked_at=None, expires_at__gt=now)
    return PublishToken.objects.aggregate(
        live=Count("pk", filter=live),
        used=Count("pk", filter=~live & Q(use_count__gt=0)),
        revoked_unused=Count("pk", filter=Q(revoked_at__isnull=False, use_count=0)),
        expired_unused=Count("pk", filter=Q(revoked_at=None, expires_at__lte=now, use_count=0)),
    )


def _unknown_claims() -> dict[str, int]:
    """By kind of CI system; names stay on the administrators' page."""
    rows = UnknownClaim.objects.values_list("issuer__provider").annotate(Count("pk"))
    return dict(rows)


def _ages(now: datetime) -> dict[str, float]:
    """Without the enterprises' own, of which anybody can name many."""
    rows = KeySetRow.objects.filter(url=F("issuer__url"), fetched_at__isnull=False)
    return {row.url: (now - row.fetched_at).total_seconds() for row in rows if row.fetched_at}
