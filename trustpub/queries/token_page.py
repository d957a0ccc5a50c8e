"""A person's API tokens beside what their crates trust, and which crates a pattern covers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import F
from django.utils import timezone

from accounts.models import ApiToken, User
from accounts.queries.tokens import ListedToken, listed_tokens
from accounts.scopes import explain_pattern, pattern_matches
from registry.models import Crate, VersionAction
from trustpub.models import Publisher

SOON = timedelta(days=7)
SHOWN_NAMES = 20


@dataclass(frozen=True, slots=True)
class TokenCard:
    """`needless` are the crates that it published although they have a trusted publisher."""

    listed: ListedToken
    needless: Sequence[str]

    @property
    def token(self) -> ApiToken:
        return self.listed.token

    @property
    def expires_soon(self) -> bool:
        end = self.token.expires_at
        return end is not None and not self.listed.is_expired and end - timezone.now() < SOON


@dataclass(frozen=True, slots=True)
class CoveredCrates:
    """What one pattern covers of the person's crates today; `more` are not named."""

    pattern: str
    explanation: str
    names: Sequence[str]
    more: int


def token_cards(user: User) -> list[TokenCard]:
    """Everything that was not revoked, newest first; two queries."""
    listed = listed_tokens(user)
    needless = _needless(user, [row.token for row in listed])
    return [TokenCard(row, needless.get(row.token.pk, ())) for row in listed]


def covered_crates(user: User, patterns: Sequence[str] | None) -> list[CoveredCrates]:
    """For each pattern, or for all crates where there is none; one query."""
    owned = Crate.objects.owned_by(user).order_by("canonical_name")
    names = list(owned.values_list("name", flat=True))
    return [_covered(pattern, names) for pattern in patterns or ["*"]]


def _covered(pattern: str, names: Sequence[str]) -> CoveredCrates:
    matching = [name for name in names if pattern_matches(pattern, name)]
    shown = matching[:SHOWN_NAMES]
    return CoveredCrates(pattern, explain_pattern(pattern), shown, len(matching) - len(shown))


def _needless(user: User, tokens: Sequence[ApiToken]) -> Mapping[int, list[str]]:
    """Crate names by token: published with it after the crate had a publisher that works."""
    rows = VersionAction.objects.filter(
        user=user,
        api_token_id__in=[token.pk for token in tokens],
        action=VersionAction.Action.PUBLISH,
        version__crate__publisher_grants__publisher__state=Publisher.State.ACTIVE,
        version__crate__publisher_grants__created_at__lte=F("at"),
    )
    pairs = rows.order_by("version__crate__canonical_name").values_list(
        "api_token_id", "version__crate__name"
    )
    found: dict[int, list[str]] = {}
    for token_id, name in pairs.distinct():
        if token_id is not None:
            found.setdefault(token_id, []).append(name)
    return found
