"""What the registry holds, in ten lists and figures for a front page."""

from dataclasses import dataclass

from django.db.models import Sum

from registry.models import Crate, Keyword
from registry.queries.topics import CountedCategory, top_categories

SHOWN = 10


@dataclass(frozen=True, slots=True)
class Summary:
    """Each list holds at most SHOWN; `updated` leaves out crates with a single version."""

    num_crates: int
    num_downloads: int
    new: list[Crate]
    downloaded: list[Crate]
    recently_downloaded: list[Crate]
    updated: list[Crate]
    keywords: list[Keyword]
    categories: list[CountedCategory]


def summary() -> Summary:
    """Eight queries."""
    crates = Crate.objects
    return Summary(
        num_crates=crates.count(),
        num_downloads=crates.aggregate(all=Sum("downloads"))["all"] or 0,
        new=list(crates.order_by("-created_at", "-pk")[:SHOWN]),
        downloaded=list(crates.order_by("-downloads", "canonical_name")[:SHOWN]),
        recently_downloaded=list(crates.order_by("-recent_downloads", "canonical_name")[:SHOWN]),
        updated=list(crates.filter(num_versions__gt=1).order_by("-updated_at", "-pk")[:SHOWN]),
        keywords=list(Keyword.objects.order_by("-crates_cnt", "keyword")[:SHOWN]),
        categories=top_categories("crates")[:SHOWN],
    )
