"""Where somebody lands after signing in: their crates and what waits for a first publish."""

from django.http import HttpResponse
from django.shortcuts import render

from accounts.pages.private import SignedInRequest, private
from accounts.queries.second_factor import lacks_required_factor
from registry.pages.paging import page_number, paging
from registry.queries.invitations import invitations_to
from trustpub.queries.dashboard import dashboard_crates
from trustpub.queries.pending import pending_cards
from trustpub.queries.withheld import withheld_from

PER_PAGE = 100
# The others are on the page of their own.
SHOWN_PENDING = 3


@private("GET", "HEAD")
def dashboard(request: SignedInRequest) -> HttpResponse:
    crates, cards = dashboard_crates(request.user), pending_cards(request.user)
    start = (page_number(request) - 1) * PER_PAGE
    context = {
        "crates": crates[start : start + PER_PAGE],
        "total": len(crates),
        "urgent": sum(1 for row in crates if row.weight),
        "by_token_alone": sum(1 for row in crates if row.newest and not row.publishers),
        "paging": paging(request, total=len(crates), per_page=PER_PAGE),
        "cards": cards[:SHOWN_PENDING],
        "more_cards": len(cards[SHOWN_PENDING:]),
        "withheld": withheld_from(request.user),
        "lacks_factor": lacks_required_factor(request.user),
        "invitations": invitations_to(request.user).count(),
    }
    return render(request, "trustpub/dashboard.html", context)
