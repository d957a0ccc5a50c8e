"""The crates that somebody follows, and what was published of them."""

from dataclasses import dataclass

from accounts.models import User
from registry.models import Crate, Version


@dataclass(frozen=True, slots=True)
class FollowedFeed:
    """One page of new versions, latest first; `has_more` says whether older ones follow."""

    versions: list[Version]
    has_more: bool


def followed_crates(user: User) -> list[Crate]:
    """By name; one query."""
    return list(Crate.objects.filter(follows__user=user).order_by("canonical_name"))


def followed_feed(user: User, *, page: int, per_page: int) -> FollowedFeed:
    """One query."""
    rows = Version.objects.filter(crate__follows__user=user).select_related("crate", "provenance")
    start = (page - 1) * per_page
    ordered = rows.defer("readme", "index_line", "features").order_by("-created_at", "-pk")
    # One more than is shown tells whether there are more.
    found = list(ordered[start : start + per_page + 1])
    return FollowedFeed(found[:per_page], len(found) > per_page)


def follows(user: User, crate: Crate) -> bool:
    return crate.follows.filter(user=user).exists()
