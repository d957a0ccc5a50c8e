"""What speaks for and against trusting a crate: who can publish it, and how its versions came."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from registry.pages.crate import may_configure
from registry.queries.history import history_of, releases_by_month
from registry.queries.lookup import crate_named
from registry.queries.trust import trust_in


@require_safe
def show(request: HttpRequest, name: str) -> HttpResponse:
    crate = crate_named(name)
    if crate.name != name:
        return redirect("crate_security", crate.name)
    context = {
        "crate": crate,
        "trust": trust_in(crate),
        "history": history_of(crate),
        "releases": releases_by_month(crate),
        "may_configure": may_configure(request, crate),
    }
    return render(request, "registry/security.html", context)
