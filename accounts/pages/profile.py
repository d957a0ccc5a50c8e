"""What the registry knows about the person who is signed in."""

from allauth.account.models import EmailAddress
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from accounts.pages.private import SignedInRequest, private
from accounts.queries.identities import proves_with_openid_connect


@require_safe
def me(request: HttpRequest) -> HttpResponse:
    """The address that cargo prints when it asks for a token."""
    return redirect("tokens")


@private("GET", "HEAD")
def profile(request: SignedInRequest) -> HttpResponse:
    addresses = EmailAddress.objects.filter(user=request.user, verified=True)
    return render(
        request,
        "accounts/profile.html",
        {
            "addresses": addresses.order_by("-primary", "email"),
            "with_oidc": proves_with_openid_connect(request.user),
            "tab": "profile",
        },
    )


@require_safe
def account_deleted(request: HttpRequest) -> HttpResponse:
    return render(request, "accounts/account_deleted.html")
