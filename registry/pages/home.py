"""The page at the root: what this registry is, how to use it, what is new in it."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from registry.queries.home import home_page


@require_safe
def show(request: HttpRequest) -> HttpResponse:
    return render(
        request, "registry/home.html", {"page": home_page(), "without_header_search": True}
    )
