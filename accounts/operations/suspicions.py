"""Puts odd things about accounts before the moderators."""

from django.db import transaction
from django.utils import timezone

from accounts import audit
from accounts.audit import Acting
from accounts.models import Suspicion, User
from accounts.powers import Power, require_power


def suspect(kind: Suspicion.Kind, *, user: User, subject: str, detail: str) -> None:
    """Nothing happens while the same waits to be looked at."""
    row = Suspicion(kind=kind, user=user, subject=subject[:255], detail=detail[:255])
    Suspicion.objects.bulk_create([row], ignore_conflicts=True)


@transaction.atomic
def look_at(*, actor: Acting, suspicion: Suspicion) -> None:
    """A moderator has seen it; nothing else changes."""
    require_power(actor, Power.MODERATE)
    row = Suspicion.objects.select_for_update().get(pk=suspicion.pk)
    if row.looked_at:
        return
    row.looked_at, row.looked_at_by = timezone.now(), getattr(actor, "user", None)
    row.save(update_fields=["looked_at", "looked_at_by"])
    audit.record(
        "suspicion.looked_at",
        actor=actor,
        subject=row.subject,
        after={"kind": row.kind, "detail": row.detail},
    )
