"""A crate's settings: its owners, and the workflows that may publish it."""

from django.http import HttpResponse
from django.shortcuts import redirect, render

from accounts.pages.private import SignedInRequest, private
from registry.pages.owners import owned_crate
from registry.queries.owners import owners_of
from trustpub.queries.crate_settings import trust_settings


@private("GET", "HEAD")
def crate_settings(request: SignedInRequest, name: str) -> HttpResponse:
    crate = owned_crate(request, name)
    if crate.name != name:
        return redirect("crate_settings", crate.name)
    return render(
        request,
        "trustpub/crate_settings.html",
        {"crate": crate, "owners": owners_of(crate), "trust": trust_settings(crate)},
    )
