"""One version: where it came from, and what it contains."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from registry.pages.crate import may_configure
from registry.queries.dependency_tree import dependency_tree
from registry.queries.lookup import crate_named, version_numbered
from registry.queries.version_page import version_page


@require_safe
def show(request: HttpRequest, name: str, num: str) -> HttpResponse:
    crate = crate_named(name)
    if crate.name != name:
        return redirect("version", crate.name, num)
    version = version_numbered(crate, num)
    context = {
        "crate": crate,
        "version": version,
        "page": version_page(version),
        "may_configure": may_configure(request, crate),
    }
    return render(request, "registry/version.html", context)


@require_safe
def dependencies(request: HttpRequest, name: str, num: str) -> HttpResponse:
    crate = crate_named(name)
    if crate.name != name:
        return redirect("version_dependencies", crate.name, num)
    version = version_numbered(crate, num)
    context = {
        "crate": crate,
        "version": version,
        "tree": dependency_tree(version),
        "may_configure": may_configure(request, crate),
    }
    return render(request, "registry/dependencies.html", context)
