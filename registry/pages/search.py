"""Search results, and ways to narrow them; without a search text all crates."""

import re
from dataclasses import dataclass

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.views.decorators.http import require_safe

from registry.models import Crate
from registry.pages.paging import page_number, paging
from registry.queries.crate_filters import CrateFilter, crates_matching
from registry.queries.crate_list import listed
from registry.queries.facets import facets_of, trusted
from registry.queries.search import MAX_TEXT_LENGTH, SearchPage, Sort, most_downloaded, search

PER_PAGE = 20
_SORTS = {
    Sort.RELEVANCE: "Relevance",
    Sort.RECENT_DOWNLOADS: "Popular lately",
    Sort.DOWNLOADS: "Most downloaded",
    Sort.RECENT_UPDATES: "Recently updated",
    Sort.NEW: "Newest",
    Sort.ALPHABETICAL: "Name",
}
_FIELD = re.compile(r"(?<!\S)(keyword|category):(\S+)")


@dataclass(frozen=True, slots=True)
class Wanted:
    """`text` is what was typed without its fields; `from_ci` asks for trusted publishing."""

    typed: str
    text: str
    keyword: str
    category: str
    from_ci: bool

    @property
    def is_narrowed(self) -> bool:
        return bool(self.keyword or self.category or self.from_ci)

    def crates(self) -> QuerySet[Crate] | None:
        """None for all crates."""
        if not self.is_narrowed:
            return None
        rows = crates_matching(
            CrateFilter(keyword=self.keyword or None, category=self.category or None)
        )
        return trusted(rows) if self.from_ci else rows


@require_safe
def show(request: HttpRequest) -> HttpResponse:
    wanted = _wanted(request.GET)
    sort = _sort(request, wanted.text)
    crates = wanted.crates()
    found = search(
        wanted.text, page=page_number(request), per_page=PER_PAGE, sort=sort, crates=crates
    )
    context = {
        "q": wanted.typed,
        "wanted": wanted,
        "sort": sort,
        "sorts": _sorts(wanted.text),
        "total": found.total,
        "is_capped": found.is_capped,
        "is_guess": found.is_guess,
        "crates": listed(found.crates),
        "facets": None
        if found.is_guess or not found.total
        else facets_of(_all(found, wanted, crates)),
        "paging": paging(request, total=found.total, per_page=PER_PAGE),
    }
    return render(request, "registry/search.html", context)


def _wanted(asked: QueryDict) -> Wanted:
    """`keyword:x` and `category:y` may be typed as well as chosen."""
    text = asked.get("q", "").replace("\0", "").strip()[:MAX_TEXT_LENGTH]
    typed = dict(_FIELD.findall(text))
    chosen = {name: asked.get(name, "").replace("\0", "") for name in ("keyword", "category")}
    chosen |= typed
    return Wanted(
        typed=text,
        text=" ".join(_FIELD.sub("", text).split()) if typed else text,
        keyword=chosen["keyword"][:MAX_TEXT_LENGTH],
        category=chosen["category"][:MAX_TEXT_LENGTH],
        from_ci=asked.get("from") == "ci",
    )


def _all(found: SearchPage, wanted: Wanted, crates: QuerySet[Crate] | None) -> QuerySet[Crate]:
    if found.found:
        return Crate.objects.filter(pk__in=found.found)
    if wanted.text:
        return most_downloaded(wanted.text, crates=crates)
    return Crate.objects.all() if crates is None else crates


def _sorts(text: str) -> dict[Sort, str]:
    return {sort: title for sort, title in _SORTS.items() if text or sort is not Sort.RELEVANCE}


def _default_sort(text: str) -> Sort:
    return Sort.RELEVANCE if text else Sort.ALPHABETICAL


def _sort(request: HttpRequest, text: str) -> Sort:
    asked = request.GET.get("sort")
    return next((sort for sort in _sorts(text) if sort == asked), _default_sort(text))
