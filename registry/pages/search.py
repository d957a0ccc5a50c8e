"""Search results; without a search text all crates."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from registry.pages.paging import page_number, paging
from registry.queries.crate_list import listed
from registry.queries.search import MAX_TEXT_LENGTH, Sort, search

PER_PAGE = 20
_SORTS = {
    Sort.RELEVANCE: "Relevance",
    Sort.ALPHABETICAL: "Name",
    Sort.RECENT_UPDATES: "Recently updated",
    Sort.NEW: "Newest",
}


@require_safe
def show(request: HttpRequest) -> HttpResponse:
    text = request.GET.get("q", "").replace("\0", "").strip()[:MAX_TEXT_LENGTH]
    sort = _sort(request, text)
    found = search(text, page=page_number(request), per_page=PER_PAGE, sort=sort)
    context = {
        "q": text,
        "sort": sort,
        "sorts": {s: title for s, title in _SORTS.items() if text or s is not Sort.RELEVANCE},
        "total": found.total,
        "reachable": found.reachable,
        "is_guess": found.is_guess,
        "crates": listed(found.crates),
        "paging": paging(request, total=found.reachable, per_page=PER_PAGE),
    }
    return render(request, "registry/search.html", context)


def _sort(request: HttpRequest, text: str) -> Sort:
    wanted = request.GET.get("sort")
    default = Sort.RELEVANCE if text else Sort.ALPHABETICAL
    return next((sort for sort in _SORTS if sort == wanted), default)
