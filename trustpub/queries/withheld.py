"""What of a person's crates moderators keep in quarantine, for the dashboard."""

from collections.abc import Mapping
from dataclasses import dataclass

from accounts.models import AuditEvent, User
from registry.models import Crate, Version


@dataclass(frozen=True, slots=True)
class Withheld:
    """A crate, or one version of it; the reason as the moderator gave it."""

    name: str
    what: str
    reason: str


def withheld_from(user: User) -> list[Withheld]:
    """Crates first; two queries where there is nothing, which is nearly always."""
    crates = Crate.everything.owned_by(user).filter(hidden_at__isnull=False)
    names = list(crates.order_by("name").values_list("name", flat=True))
    rows = Version.everything.filter(
        crate__ownerships__user=user, quarantined_at__isnull=False, crate__hidden_at=None
    )
    versions = list(rows.select_related("crate").order_by("crate__name", "pk"))
    if not names and not versions:
        return []
    reasons = _reasons({*names, *(version.crate.name for version in versions)})
    return [
        *(Withheld(name, "", reasons.get(("crate.quarantined", name), "")) for name in names),
        *(
            Withheld(
                version.crate.name,
                version.num,
                reasons.get(("version.quarantined", str(version)), ""),
            )
            for version in versions
        ),
    ]


def _reasons(names: set[str]) -> Mapping[tuple[str, str], str]:
    """By event and subject, the latest."""
    events = AuditEvent.objects.filter(
        crate__in=names, name__in=("crate.quarantined", "version.quarantined")
    )
    return {
        (event.name, event.subject): str(event.after.get("reason", ""))
        for event in events.order_by("pk")
    }
