"""What the registry knows about the person who is signed in."""

from allauth.account.models import EmailAddress
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from accounts.operations.addresses import set_publish_notifications
from accounts.pages.private import SignedInRequest, private


@require_safe
def me(request: HttpRequest) -> HttpResponse:
    """The address that cargo prints when it asks for a token."""
    return redirect("tokens")


@private("POST")
def notifications(request: SignedInRequest) -> HttpResponse:
    """Letters about new versions of one's own crates, on or off."""
    wanted = request.POST.get("wanted") == "yes"
    set_publish_notifications(user=request.user, wanted=wanted)
    told = "You are told of" if wanted else "You are no longer told of"
    messages.success(request, f"{told} new versions of your crates.")
    return redirect("profile")


@private("GET", "HEAD")
def profile(request: SignedInRequest) -> HttpResponse:
    addresses = EmailAddress.objects.filter(user=request.user, verified=True)
    return render(
        request,
        "accounts/profile.html",
        {"addresses": addresses.order_by("-primary", "email"), "tab": "profile"},
    )
