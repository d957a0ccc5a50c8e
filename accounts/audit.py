"""record(), the way to write an audit event."""

from collections.abc import Mapping
from typing import Any, Protocol

from django.utils import timezone

from accounts.models import AuditEvent
from accounts.request_context import current_request
from adapters.compiled import CompiledInsert

_EVENTS = CompiledInsert(AuditEvent)


class Acting(Protocol):
    """What the audit log asks of whoever acts."""

    @property
    def kind(self) -> str: ...
    @property
    def identifier(self) -> str: ...
    @property
    def label(self) -> str: ...


def record(
    name: str,
    *,
    actor: Acting,
    crate: str = "",
    subject: str = "",
    before: Mapping[str, object] | None = None,
    after: Mapping[str, object] | None = None,
) -> AuditEvent:
    """Writes one event in the current transaction; `before` and `after` must be free of secrets."""
    return _EVENTS.save(
        event(name, actor=actor, crate=crate, subject=subject, before=before, after=after)
    )


def event(
    name: str,
    *,
    actor: Acting,
    crate: str = "",
    subject: str = "",
    before: Mapping[str, object] | None = None,
    after: Mapping[str, object] | None = None,
) -> AuditEvent:
    """What `record` writes, for who writes it together with other rows."""
    return AuditEvent(
        **columns(name, actor=actor, crate=crate, before=before, after=after), subject=subject[:255]
    )


def columns(
    name: str,
    *,
    actor: Acting,
    crate: str = "",
    before: Mapping[str, object] | None = None,
    after: Mapping[str, object] | None = None,
) -> dict[str, Any]:
    """The same as columns, but for the subject: whoever writes them may know it only then.

    Whoever acts for the registry says why, and that is in `after` too.
    """
    request = current_request()
    because = {"reason": reason} if (reason := getattr(actor, "because", "")) else {}
    return {
        "at": timezone.now(),
        "name": name,
        "actor_kind": actor.kind,
        "actor_id": actor.identifier,
        "actor_label": actor.label[:255],
        "crate": crate,
        "after": {**dict(after or {}), **because},
        "request_id": request.request_id,
        "address": request.address or None,
        **({"before": dict(before)} if before else {}),
    }
