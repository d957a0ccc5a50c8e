"""Which letters somebody wants about their crates, and the link that ends them."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from accounts.pages.private import SignedInRequest, private
from registry.operations.notifications import (
    set_notifications,
    subscription_of,
    unsubscribe,
)
from registry.pages.paging import page_number, paging

PER_PAGE = 100
MAX_ID_LENGTH = 18


@private("GET", "HEAD", "POST")
def notifications(request: SignedInRequest) -> HttpResponse:
    if request.method == "POST":
        # A box that is not checked sends nothing, so the form names what it showed.
        wanted = set(_ids(request, "wanted"))
        set_notifications(
            user=request.user,
            all_crates="all" in request.POST,
            switches=[(crate_id, crate_id in wanted) for crate_id in _ids(request, "shown")],
        )
        messages.success(request, "Your choice is saved.")
        return redirect(request.get_full_path())
    rows = (
        request.user.ownerships.filter(crate__hidden_at=None)
        .select_related("crate")
        .order_by("crate__canonical_name")
    )
    start = (page_number(request) - 1) * PER_PAGE
    return render(
        request,
        "registry/notifications.html",
        {
            "ownerships": rows[start : start + PER_PAGE],
            "paging": paging(request, total=rows.count(), per_page=PER_PAGE),
            "address": request.user.verified_email(),
            "tab": "notifications",
        },
    )


# A mail program that offers its own button sends no cookie (RFC 8058); the signed link is proof.
@csrf_exempt
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def unsubscribe_link(request: HttpRequest, token: str) -> HttpResponse:
    """Never redirects an answer, which mail programs do not follow."""
    if request.method == "POST":
        crate_alone = request.POST.get("letters") == "crate"
        found = unsubscribe(token=token, crate_alone=crate_alone)
        context = {"subscription": found, "done": True, "crate_alone": crate_alone}
    else:
        context = {"subscription": subscription_of(token)}
    return render(request, "registry/unsubscribe.html", context)


def _ids(request: HttpRequest, name: str) -> list[int]:
    return [
        int(text)
        for text in request.POST.getlist(name)
        if text.isascii() and text.isdigit() and len(text) <= MAX_ID_LENGTH
    ]
