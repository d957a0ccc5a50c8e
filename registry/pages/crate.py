"""A crate's own page: what it is, how to depend on it, its readme."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from registry.actors import Person
from registry.models import Crate
from registry.policies import Action, may
from registry.queries.crate_page import crate_page
from registry.queries.following import follows
from registry.queries.lookup import crate_named
from registry.queries.readme import readme_of


@require_safe
def show(request: HttpRequest, name: str) -> HttpResponse:
    crate = crate_named(name)
    if crate.name != name:
        return redirect("crate", crate.name)
    page = crate_page(crate)
    context = {
        "crate": crate,
        "page": page,
        "readme": readme_of(page.version) if page.version else "",
        "may_configure": may_configure(request, crate),
        "is_followed": request.user.is_authenticated and follows(request.user, crate),
    }
    return render(request, "registry/crate.html", context)


def may_configure(request: HttpRequest, crate: Crate) -> bool:
    """Whether to show the way to the crate's settings."""
    return request.user.is_authenticated and may(Person(request.user), Action.CONFIGURE, crate)
