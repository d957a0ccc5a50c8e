"""The address that letters go to: changed, confirmed, asked to confirm once more."""

from allauth.account.models import EmailAddress
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render

from accounts.errors import Refusal
from accounts.operations.addresses import change_address, resend
from accounts.pages.fresh import fresh_without_factor as fresh
from accounts.pages.private import SignedInRequest, private


@private("GET", "HEAD", "POST")
@fresh
def email(request: SignedInRequest) -> HttpResponse:
    """Whoever changes the address reads what would warn its owner, so a proof comes first."""
    if request.method != "POST":
        return _page(request)
    wanted = request.POST.get("email", "")
    try:
        change_address(user=request.user, email=wanted.replace("\0", ""))
    except Refusal as refusal:
        return _page(request, refusal, {"email_problem": refusal.detail, "wanted": wanted})
    messages.success(
        request, f"A letter is on its way to {wanted.strip()}; follow its link to confirm it."
    )
    return redirect("email")


@private("POST")
def email_resend(request: SignedInRequest) -> HttpResponse:
    try:
        resend(user=request.user)
    except Refusal as refusal:
        return _page(request, refusal, {"resend_problem": refusal.detail})
    messages.success(request, "Another letter is on its way; only the link in a letter confirms.")
    return redirect("email")


def _page(
    request: SignedInRequest,
    refusal: Refusal | None = None,
    problem: dict[str, str] | None = None,
) -> HttpResponse:
    addresses = EmailAddress.objects.filter(user=request.user).order_by("-primary", "pk")
    context = {"addresses": addresses, "tab": "email", **(problem or {})}
    status = refusal.status if refusal else 200
    return render(request, "accounts/email.html", context, status=status)
