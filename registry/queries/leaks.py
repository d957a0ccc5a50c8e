"""What somebody who held a token could have touched, for the letter about its leak."""

from accounts.models import ApiToken
from accounts.scopes import Scope, pattern_matches
from registry.models import Crate, VersionAction

# A letter is read; the rest is on the registry's own pages.
MOST_LISTED = 100


def crates_at_risk(token: ApiToken) -> list[str]:
    """The owner's own crates that the token was good for, in the order of their names."""
    if token.endpoint_scopes is not None and not set(token.endpoint_scopes) - {Scope.READ}:
        return []
    owned = Crate.everything.filter(ownerships__user=token.user).order_by("name")
    patterns = token.crate_patterns or ["*"]
    return [
        name
        for name in owned.values_list("name", flat=True)
        if any(pattern_matches(pattern, name) for pattern in patterns)
    ][:MOST_LISTED]


def versions_published_with(token: ApiToken) -> list[str]:
    """Newest first."""
    actions = VersionAction.objects.filter(
        user=token.user, api_token_id=token.pk, action=VersionAction.Action.PUBLISH
    )
    rows = actions.select_related("version__crate").order_by("-pk")[:MOST_LISTED]
    return [str(row.version) for row in rows]
