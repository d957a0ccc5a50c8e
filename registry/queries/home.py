"""What the home page shows: figures, the newest, the latest updated and the popular crates."""

from collections.abc import Sequence
from dataclasses import dataclass

from registry.models import Crate, DownloadTotals
from registry.pictures.bars import Bars
from registry.queries.crate_list import ListedCrate, listed
from registry.queries.history import shares_by_month

SHOWN = 8


@dataclass(frozen=True, slots=True)
class HomePage:
    """Each list holds at most SHOWN crates. `specimen` is one of them that CI published."""

    num_crates: int
    num_downloads: int
    updated: list[ListedCrate]
    created: list[ListedCrate]
    popular: list[ListedCrate]
    specimen: ListedCrate | None
    shares: Bars | None

    @property
    def trusted_share(self) -> int:
        """Percent of all publishes that `shares` shows."""
        if self.shares is None:
            return 0
        trusted = sum(area.total for area in self.shares.areas if area.style == "kind-trusted")
        return round(100 * trusted / self.shares.total)


def home_page() -> HomePage:
    """Six queries, and one more an hour."""
    updated = list(Crate.objects.order_by("-updated_at", "-pk")[:SHOWN])
    created = list(Crate.objects.order_by("-created_at", "-pk")[:SHOWN])
    popular = list(Crate.objects.order_by("-recent_downloads", "-pk")[:SHOWN])
    # One lookup for all lists, which have many crates in common.
    found = listed(updated + created + popular)
    totals = DownloadTotals.objects.first()
    return HomePage(
        num_crates=Crate.objects.count(),
        num_downloads=totals.total if totals else 0,
        updated=found[: len(updated)],
        created=found[len(updated) : len(updated) + len(created)],
        popular=found[len(updated) + len(created) :],
        specimen=_specimen(found),
        shares=shares_by_month(),
    )


def _specimen(entries: Sequence[ListedCrate]) -> ListedCrate | None:
    return next((entry for entry in entries if entry.is_trusted), None)
