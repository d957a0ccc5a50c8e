"""What the home page shows: how many crates there are, the newest and the latest updated."""

from dataclasses import dataclass

from registry.models import Crate
from registry.queries.crate_list import ListedCrate, listed

SHOWN = 6


@dataclass(frozen=True, slots=True)
class HomePage:
    """`updated` and `created` hold at most SHOWN crates each, latest first."""

    num_crates: int
    updated: list[ListedCrate]
    created: list[ListedCrate]


def home_page() -> HomePage:
    """Four queries."""
    updated = list(Crate.objects.order_by("-updated_at", "-pk")[:SHOWN])
    created = list(Crate.objects.order_by("-created_at", "-pk")[:SHOWN])
    # One lookup for both lists, which have many crates in common.
    found = listed(updated + created)
    return HomePage(Crate.objects.count(), found[: len(updated)], found[len(updated) :])
