"""Invitations to own a crate: those that wait for oneself, and the link of a letter."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.errors import Refusal
from accounts.pages.private import SignedInRequest, private
from registry.actors import Person
from registry.models import Invitation
from registry.operations.invitations import answer_by_letter, answer_invitation
from registry.pages.paging import page_number, paging
from registry.queries.invitations import invitation_in_letter, invitations_to

PER_PAGE = 50
# Larger than any id, and still what a database compares.
MAX_ID = 2**62
ACCEPT = "accept"


@private("GET", "HEAD")
def pending_invitations(request: SignedInRequest) -> HttpResponse:
    return _list(request)


@private("POST")
def invitation_answer(request: SignedInRequest, crate_id: int) -> HttpResponse:
    accepted = request.POST.get("answer") == ACCEPT
    try:
        crate = answer_invitation(
            actor=Person(request.user), crate_id=min(crate_id, MAX_ID), accepted=accepted
        )
    except Refusal as refusal:
        return _list(request, refusal)
    if not accepted:
        messages.success(request, f"You declined to be an owner of {crate.name}.")
        return redirect("pending_invitations")
    messages.success(request, f"You are now an owner of {crate.name}.")
    return redirect("crate_settings", crate.name)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def invitation_letter(request: HttpRequest, token: str) -> HttpResponse:
    """Asks for one more click: programs that look into letters follow every link."""
    invitation = invitation_in_letter(token)
    if request.method != "POST":
        return _letter(request, invitation)
    accepted = request.POST.get("answer") == ACCEPT
    try:
        answer_by_letter(token=token, accepted=accepted)
    except Refusal as refusal:
        return _letter(request, invitation, refusal)
    context = {"invitation": invitation, "accepted": accepted}
    return render(request, "registry/invitation_answered.html", context)


def _list(request: SignedInRequest, refusal: Refusal | None = None) -> HttpResponse:
    rows = invitations_to(request.user).order_by("-pk")
    pages = paging(request, total=rows.count(), per_page=PER_PAGE)
    start = (page_number(request) - 1) * PER_PAGE
    return render(
        request,
        "registry/invitations.html",
        {
            "invitations": rows[start : start + PER_PAGE],
            "paging": pages,
            "problem": refusal.detail if refusal else "",
            "unverified": request.user.verified_email() is None,
            "tab": "invitations",
        },
        status=refusal.status if refusal else 200,
    )


def _letter(
    request: HttpRequest, invitation: Invitation, refusal: Refusal | None = None
) -> HttpResponse:
    status = refusal.status if refusal else 410 if invitation.is_expired() else 200
    return render(
        request,
        "registry/invitation_letter.html",
        {
            "invitation": invitation,
            "problem": refusal.detail if refusal else "",
            "expired": invitation.is_expired(),
            "somebody_else": request.user.is_authenticated and request.user != invitation.invitee,
        },
        status=status,
    )
