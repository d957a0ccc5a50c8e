"""The audit log, read in the order in which it was written."""

import json
from datetime import datetime

from django.db.models import QuerySet

from accounts.models import AuditEvent


def events(
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    crate: str = "",
    name: str = "",
    actor: str = "",
) -> QuerySet[AuditEvent]:
    """What fits everything that is given; `name` may end in `*`, `until` is not included."""
    found = AuditEvent.objects.order_by("pk")
    if since:
        found = found.filter(at__gte=since)
    if until:
        found = found.filter(at__lt=until)
    if crate:
        found = found.filter(crate=crate)
    if name.endswith("*"):
        found = found.filter(name__startswith=name.removesuffix("*"))
    elif name:
        found = found.filter(name=name)
    if actor:
        found = found.filter(actor_label=actor)
    return found


def json_line(event: AuditEvent) -> str:
    """One event for a program, without a line feed."""
    return json.dumps(
        {
            "id": event.pk,
            "at": event.at.isoformat(),
            "name": event.name,
            "actor": {
                "kind": event.actor_kind,
                "id": event.actor_id,
                "label": event.actor_label,
            },
            "crate": event.crate,
            "subject": event.subject,
            "before": event.before,
            "after": event.after,
            "request_id": event.request_id,
            "address": event.address,
        },
        ensure_ascii=False,
    )
