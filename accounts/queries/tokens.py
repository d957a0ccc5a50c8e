"""API tokens as their owner's page lists them."""

from dataclasses import dataclass

from accounts.models import ApiToken, User
from accounts.scopes import Scope, explain_pattern


@dataclass(frozen=True, slots=True)
class ListedToken:
    """One row of the page; `scopes` is empty where the token is not limited to any."""

    token: ApiToken
    scopes: tuple[tuple[str, str], ...]  # name and explanation
    patterns: tuple[str, ...]  # in words
    is_expired: bool


def listed_tokens(user: User) -> list[ListedToken]:
    """Everything that was not revoked, newest first; one query."""
    return [_listed(token) for token in user.api_tokens.listed()]


def _listed(token: ApiToken) -> ListedToken:
    # A scope that a later version knew is shown by its name.
    scopes = [
        (name, Scope(name).explanation if name in set(Scope) else name)
        for name in token.endpoint_scopes or []
    ]
    patterns = [explain_pattern(pattern) for pattern in token.crate_patterns or ["*"]]
    return ListedToken(token, tuple(scopes), tuple(patterns), token.is_expired())
