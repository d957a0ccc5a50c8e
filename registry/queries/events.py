"""What the audit log holds about a crate, as its owners may see it."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, QuerySet

from accounts.models import AuditEvent
from registry.models import Crate

# Other people's pending publishers of a crate's name are their own business.
OTHERS = Q(name__startswith="pending.") & ~Q(name="pending.reified")
BATCH = 500


@dataclass(frozen=True, slots=True)
class Change:
    """One fact before and after; "" stands for nothing."""

    name: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class ShownEvent:
    """Without the network address: that is of a person, and for administrators."""

    at: datetime
    name: str
    actor: str
    subject: str
    request_id: str
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class EventPage:
    events: tuple[ShownEvent, ...]
    total: int


def crate_events(crate: Crate, *, page: int, per_page: int) -> EventPage:
    """The newest first; two queries."""
    rows = _of(crate).order_by("-pk")
    start = (page - 1) * per_page
    return EventPage(tuple(map(_shown, rows[start : start + per_page])), rows.count())


def event_lines(crate: Crate) -> Iterator[str]:
    """Every event as a line of JSON, the oldest first."""
    return (as_line(row) for row in in_batches(_of(crate)))


def in_batches(events: QuerySet[AuditEvent]) -> Iterator[AuditEvent]:
    """The oldest first, few at a time: a pooler in front of the database leaves us no cursor."""
    last = 0
    while rows := list(events.filter(pk__gt=last).order_by("pk")[:BATCH]):
        yield from rows
        last = rows[-1].pk


def as_line(row: AuditEvent) -> str:
    """With its line feed, and without the network address."""
    facts = {
        "at": row.at.isoformat().replace("+00:00", "Z"),
        "event": row.name,
        "actor": {"kind": row.actor_kind, "id": row.actor_id, "label": row.actor_label},
        "crate": row.crate,
        "subject": row.subject,
        "before": row.before,
        "after": row.after,
        "request_id": row.request_id,
    }
    return f"{json.dumps(facts)}\n"


def _of(crate: Crate) -> QuerySet[AuditEvent]:
    """Of this crate and not of one that had its name before."""
    return AuditEvent.objects.filter(crate=crate.name, at__gte=crate.created_at).exclude(OTHERS)


def _shown(row: AuditEvent) -> ShownEvent:
    names = [*row.before, *(name for name in row.after if name not in row.before)]
    changes = [
        Change(name.replace("_", " "), _text(row.before, name), _text(row.after, name))
        for name in names
    ]
    return ShownEvent(
        row.at,
        row.name,
        row.actor_label,
        row.subject,
        row.request_id,
        tuple(change for change in changes if change.before != change.after),
    )


def _text(facts: Mapping[str, object], name: str) -> str:
    value = facts.get(name)
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
