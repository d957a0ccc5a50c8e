"""All versions of a crate."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from registry.pages.crate import may_configure
from registry.pages.paging import page_number, paging
from registry.queries.crate_page import version_list
from registry.queries.lookup import crate_named

PER_PAGE = 100


@require_safe
def show(request: HttpRequest, name: str) -> HttpResponse:
    crate = crate_named(name)
    if crate.name != name:
        return redirect("crate_versions", crate.name)
    found = version_list(crate, page=page_number(request), per_page=PER_PAGE)
    context = {
        "crate": crate,
        "versions": found.versions,
        "paging": paging(request, total=found.total, per_page=PER_PAGE),
        "may_configure": may_configure(request, crate),
    }
    return render(request, "registry/versions.html", context)
