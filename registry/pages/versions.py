"""All versions of a crate, and how they came and went over time."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from registry.pages.crate import may_configure
from registry.pages.paging import page_number, paging
from registry.queries.crate_page import version_list
from registry.queries.download_pictures import weekly_downloads
from registry.queries.evidence import evidence_of
from registry.queries.history import releases_by_month
from registry.queries.lookup import crate_named

PER_PAGE = 48


@require_safe
def show(request: HttpRequest, name: str) -> HttpResponse:
    crate = crate_named(name)
    if crate.name != name:
        return redirect("crate_versions", crate.name)
    number = page_number(request)
    found = version_list(crate, page=number, per_page=PER_PAGE)
    context = {
        "crate": crate,
        "versions": found.versions,
        "downloads": weekly_downloads(crate) if number == 1 else None,
        "line": evidence_of(crate).whole if number == 1 else None,
        "releases": releases_by_month(crate) if number == 1 else None,
        "paging": paging(request, total=found.total, per_page=PER_PAGE),
        "may_configure": may_configure(request, crate),
    }
    return render(request, "registry/versions.html", context)
