"""Where the link of a confirmation letter leads."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.errors import Refusal
from accounts.operations.addresses import confirm_address


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def confirm(request: HttpRequest, token: str) -> HttpResponse:
    """Asks for one more click: programs that look into letters follow every link."""
    problem = None
    if request.method == "POST":
        try:
            confirm_address(token=token)
        except Refusal as refusal:
            problem = refusal.detail
        else:
            messages.success(request, "Your e-mail address is confirmed.")
            return redirect("profile")
    return render(
        request, "accounts/confirm.html", {"problem": problem}, status=400 if problem else 200
    )
