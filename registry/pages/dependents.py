"""Which crates need a crate."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from registry.pages.crate import may_configure
from registry.pages.paging import page_number, paging
from registry.queries.dependents import dependents_of
from registry.queries.lookup import crate_named

PER_PAGE = 50


@require_safe
def show(request: HttpRequest, name: str) -> HttpResponse:
    crate = crate_named(name)
    if crate.name != name:
        return redirect("crate_dependents", crate.name)
    start = (page_number(request) - 1) * PER_PAGE
    found = dependents_of(crate, start=start, stop=start + PER_PAGE)
    context = {
        "crate": crate,
        "dependencies": found.dependencies,
        "total": found.total,
        "paging": paging(request, total=found.total, per_page=PER_PAGE),
        "may_configure": may_configure(request, crate),
    }
    return render(request, "registry/dependents.html", context)
