"""Crates by keyword and by category."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from registry.pages.crate_list import crate_list_context
from registry.pages.paging import page_number, paging
from registry.queries.crate_filters import CrateFilter
from registry.queries.topics import all_categories, category_family, keywords_by, top_categories

PER_PAGE = 100


@require_safe
def keywords(request: HttpRequest) -> HttpResponse:
    sort = "alpha" if request.GET.get("sort") == "alpha" else "crates"
    rows = keywords_by(sort).filter(crates_cnt__gt=0)
    start = (page_number(request) - 1) * PER_PAGE
    context = {
        "keywords": rows[start : start + PER_PAGE],
        "sort": sort,
        "paging": paging(request, total=rows.count(), per_page=PER_PAGE),
    }
    return render(request, "registry/keywords.html", context)


@require_safe
def keyword(request: HttpRequest, keyword: str) -> HttpResponse:
    if "\0" in keyword:
        raise Http404
    context = crate_list_context(request, CrateFilter(keyword=keyword))
    if not context["total"]:
        raise Http404
    return render(request, "registry/keyword.html", context | {"keyword": keyword.lower()})


@require_safe
def categories(request: HttpRequest) -> HttpResponse:
    return render(request, "registry/categories.html", {"categories": top_categories(None)})


@require_safe
def category(request: HttpRequest, slug: str) -> HttpResponse:
    family = category_family(slug)
    if family is None:
        raise Http404
    context = crate_list_context(request, CrateFilter(category=slug))
    return render(request, "registry/category.html", context | {"family": family})


@require_safe
def category_slugs(request: HttpRequest) -> HttpResponse:
    return render(request, "registry/category_slugs.html", {"categories": all_categories()})
