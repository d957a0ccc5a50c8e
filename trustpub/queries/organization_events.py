"""What the audit log holds about an organisation's crates, issuers and teams (g.2)."""

from collections.abc import Iterator
from datetime import datetime

from django.db.models import Exists, OuterRef, Q, Value
from django.db.models.functions import Lower, Replace

from accounts.models import AuditEvent
from registry.models import Crate, Team
from registry.queries.events import OTHERS, as_line, in_batches
from trustpub.models import Issuer
from trustpub.models.switch import of_organization


def organization_lines(number: int, *, since: datetime | None = None) -> Iterator[str]:
    """Every event as a line of JSON, the oldest first, in bounded memory.

    `number` is the organisation's at GitHub.
    """
    events = AuditEvent.objects.filter(_of_crates(number) | _of_itself(number))
    if since:
        events = events.filter(at__gte=since)
    return (as_line(_without_reason(row)) for row in in_batches(events))


def _of_crates(number: int) -> Q:
    """Of crates that a team of it owns now, and not of those that had their names before."""
    owned = Crate.everything.filter(ownerships__team__organization_id=number)
    # By the name that has an index.
    same = Crate.everything.filter(
        canonical_name=Replace(Lower(OuterRef("crate")), Value("-"), Value("_")),
        created_at__lte=OuterRef("at"),
    )
    # In this order, so that only of its crates' events the other question is asked.
    return Q(crate__in=owned.values("name")) & ~OTHERS & Q(Exists(same))


def _of_itself(number: int) -> Q:
    """Of its teams, issuers and switch, and of crates that its teams are to own or have owned."""
    teams = [*Team.objects.filter(organization_id=number).values_list("login", flat=True)]
    issuers = Issuer.objects.filter(organization_id=number).values("url")
    # Until it left, or the crate was deleted: whoever takes the name then is somebody else.
    left = AuditEvent.objects.filter(
        Q(name="owner.removed", subject=OuterRef("subject")) | Q(name="crate.deleted"),
        crate=OuterRef("crate"),
        pk__gt=OuterRef("pk"),
        pk__lt=OuterRef(OuterRef("pk")),
    )
    joined = AuditEvent.objects.filter(
        ~Exists(left),
        name="owner.added",
        subject__in=teams,
        crate=OuterRef("crate"),
        pk__lt=OuterRef("pk"),
    )
    waiting = Q(before__team__in=teams) | Q(after__team__in=teams)
    return (
        Q(name__startswith="team.", subject__in=teams)
        | Q(name__in=("owner.added", "owner.removed"), subject__in=teams)
        | (Q(name="crate.deleted") & Exists(joined))
        | Q(name__startswith="issuer.", subject__in=issuers)
        | Q(name__startswith="switch.", subject=of_organization(number))
        | (OTHERS & waiting)
    )


def _without_reason(row: AuditEvent) -> AuditEvent:
    """What administrators write about switches and issuers is for administrators (a.11)."""
    if row.name.startswith(("issuer.", "switch.")):
        row.after.pop("reason", None)
    return row
