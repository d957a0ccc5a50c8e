"""Where somebody lands after signing in: their crates and what waits for a first publish."""

from django.http import HttpResponse
from django.shortcuts import render

from accounts.pages.private import SignedInRequest, private
from registry.queries.invitations import invitations_to
from trustpub.queries.dashboard import dashboard_crates
from trustpub.queries.pending import pending_cards


@private("GET", "HEAD")
def dashboard(request: SignedInRequest) -> HttpResponse:
    context = {
        "crates": dashboard_crates(request.user),
        "cards": pending_cards(request.user),
        "invitations": invitations_to(request.user).count(),
    }
    return render(request, "trustpub/dashboard.html", context)
