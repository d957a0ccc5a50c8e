"""Addresses that crates.io has for pages that lie elsewhere here."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path
from django.views.decorators.http import require_safe
from django.views.generic import RedirectView

from registry.queries.lookup import crate_named, version_in_range


@require_safe
def newest_in_range(request: HttpRequest, name: str, requirement: str) -> HttpResponse:
    crate = crate_named(name)
    version = version_in_range(crate, requirement)
    return redirect("version", crate.name, version.num)


urlpatterns = [
    path("crates/<str:name>/range/<str:requirement>", newest_in_range, name="crate_range"),
    path("crates/<str:name>/owners", RedirectView.as_view(pattern_name="crate_owners")),
    path("crates/<str:name>/delete", RedirectView.as_view(pattern_name="crate_delete")),
    path(
        "crates/<str:name>/settings/new-trusted-publisher",
        RedirectView.as_view(pattern_name="publisher_new"),
    ),
    path("settings", RedirectView.as_view(pattern_name="tokens")),
    path("me/crates", RedirectView.as_view(pattern_name="dashboard")),
    path("me/following", RedirectView.as_view(pattern_name="following")),
    path("install", RedirectView.as_view(url="/#configure")),
    path("security", RedirectView.as_view(pattern_name="policies")),
    path("policies/security", RedirectView.as_view(pattern_name="policies")),
]
