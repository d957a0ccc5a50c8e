"""What pages have in common that list crates: an order that one chooses, page by page."""

from typing import Any

from django.http import HttpRequest

from registry.pages.paging import page_number, paging
from registry.queries.crate_filters import CrateFilter, crates_matching
from registry.queries.crate_list import listed
from registry.queries.search import Sort, search

PER_PAGE = 20
SORTS = {
    Sort.RECENT_DOWNLOADS: "Popular lately",
    Sort.DOWNLOADS: "Most downloaded",
    Sort.RECENT_UPDATES: "Recently updated",
    Sort.NEW: "Newest",
    Sort.ALPHABETICAL: "Name",
}


def crate_list_context(request: HttpRequest, wanted: CrateFilter) -> dict[str, Any]:
    """The crates, how many there are, and the orders to choose from."""
    asked = request.GET.get("sort")
    sort = next((sort for sort in SORTS if sort == asked), Sort.RECENT_DOWNLOADS)
    rows = crates_matching(wanted)
    found = search("", page=page_number(request), per_page=PER_PAGE, sort=sort, crates=rows)
    return {
        "crates": listed(found.crates),
        "total": found.total,
        "sort": sort,
        "sorts": SORTS,
        "paging": paging(request, total=found.total, per_page=PER_PAGE),
    }
