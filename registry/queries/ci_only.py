"""Whether new versions come from CI alone: by the crate's, a team's or the operator's choice."""

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from registry.models import Crate, Team


def ci_only_because(crate: Crate | None) -> str | None:
    """Why API tokens cannot publish the crate, None if they can; without one, a new crate."""
    if settings.TRUSTED_PUBLISHING_ONLY:
        return "on this registry, versions come from CI alone"
    if crate is None:
        return None
    if crate.is_ci_only():
        return f"the owners of {crate.name} take new versions from CI alone"
    team = _strict_team(crate)
    return f"crates of the team {team.login} take new versions from CI alone" if team else None


def _strict_team(crate: Crate) -> Team | None:
    lasting = Q(trustpub_only_ends_at=None) | Q(trustpub_only_ends_at__gt=timezone.now())
    teams = Team.objects.filter(lasting, ownerships__crate=crate, trustpub_only=True)
    return teams.order_by("pk").first()
