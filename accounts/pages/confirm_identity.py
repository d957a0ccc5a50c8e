"""Proving anew who one is, before a change that would give power to whoever stole the session."""

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from accounts.errors import NotFound, Refusal
from accounts.operations.proofs import (
    confirm_by_choice,
    confirm_by_code,
    confirm_by_passkey,
    confirm_by_password,
)
from accounts.pages.fresh import SUSPENDED
from accounts.pages.passkeys import asked, question
from accounts.pages.private import SignedInRequest, private
from accounts.queries.identities import proves_with_github, proves_with_openid_connect
from accounts.queries.second_factor import factors_of, has_second_factor
from accounts.step_up import is_fresh, note_proof


@private("GET", "HEAD", "POST")
def confirm_identity(request: SignedInRequest) -> HttpResponse:
    """Offers every way that this account can prove itself by.

    With a second factor it is one by itself, and what is weaker is none; GitHub and the provider
    stop for it on the way back.
    """
    problem, status = "", 200
    if request.method == "POST":
        try:
            _confirm(request)
        except Refusal as refusal:
            problem, status = refusal.detail, refusal.status
        else:
            note_proof(request)
            return redirect("confirm_identity_done")
    has_factor = has_second_factor(request.user)
    context = {
        "problem": problem,
        "with_github": settings.GITHUB_LOGIN and proves_with_github(request.user),
        "with_oidc": settings.OIDC_LOGIN and proves_with_openid_connect(request.user),
        "with_code": has_factor,
        "question": question(request, request.user),
        "has_app": factors_of(request.user).app is not None,
        "with_password": request.user.has_usable_password() and not has_factor,
        "with_click": settings.DEV_LOGIN and not has_factor,
        "done": reverse("confirm_identity_done"),
        "minutes": int(settings.STEP_UP_LIFETIME.total_seconds() // 60),
    }
    return render(request, "accounts/confirm_identity.html", context, status=status)


@private("GET", "HEAD")
def confirm_identity_done(request: SignedInRequest) -> HttpResponse:
    """Where every way leads back to: one more click does what was held up."""
    if not is_fresh(request):
        return redirect("confirm_identity")
    suspended = request.session.pop(SUSPENDED, None)
    if not suspended:
        return redirect(settings.LOGIN_REDIRECT_URL)
    context = {"path": suspended["path"], "fields": suspended["fields"]}
    return render(request, "accounts/confirm_identity_done.html", context)


def _confirm(request: SignedInRequest) -> None:
    if has_second_factor(request.user) and "passkey" in request.POST:
        answer = request.POST["passkey"]
        confirm_by_passkey(user=request.user, answer=answer, state=asked(request))
    elif has_second_factor(request.user):
        if "code" not in request.POST:
            raise NotFound
        confirm_by_code(user=request.user, code=request.POST["code"][:40])
    elif "password" in request.POST:
        confirm_by_password(user=request.user, password=request.POST["password"])
    elif settings.DEV_LOGIN:
        confirm_by_choice(user=request.user)
    else:
        raise NotFound
