"""Whether new versions come from CI alone: by the crate's, a team's or the operator's choice."""

from datetime import datetime

from django.conf import settings
from django.db.models import Q, QuerySet
from django.utils import timezone

from registry.models import Crate, Team


def ci_only_because(crate: Crate) -> str | None:
    """Why API tokens cannot publish the crate; None if they can."""
    teams = strict_teams(timezone.now()).filter(ownerships__crate=crate)
    return reason(crate, teams.order_by("pk").values_list("login", flat=True).first())


def reason(crate: Crate | None, strict_team: str | None) -> str | None:
    """The same, where the team is known; without a crate, of a new one."""
    if settings.TRUSTED_PUBLISHING_ONLY:
        return "on this registry, versions come from CI alone"
    if crate is not None and crate.is_ci_only():
        return f"the owners of {crate.name} take new versions from CI alone"
    if strict_team:
        return f"crates of the team {strict_team} take new versions from CI alone"
    return None


def strict_teams(now: datetime) -> QuerySet[Team]:
    """Those whose crates take no new versions from API tokens."""
    lasting = Q(trustpub_only_ends_at=None) | Q(trustpub_only_ends_at__gt=now)
    return Team.objects.filter(lasting, trustpub_only=True)
