"""A second factor: set up, taken away, and asked for in the middle of a sign-in."""

from typing import Any

from allauth.account.stages import LoginStage, LoginStageController
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.errors import InvalidInput, Refusal
from accounts.models import User
from accounts.operations.passkeys import check_passkey
from accounts.operations.second_factor import (
    add_second_factor,
    check_code,
    new_secret,
    remove_factor,
    replace_recovery_codes,
    setup_address,
)
from accounts.pages.fresh import fresh_without_factor as fresh
from accounts.pages.passkeys import asked, question
from accounts.pages.private import SignedInRequest, private
from accounts.qr_code import qr_code
from accounts.queries.second_factor import factors_of, has_second_factor
from accounts.sealed_text import seal, unseal

GROUP = 4
LONGEST_NUMBER = 18


class SecondFactorStage(LoginStage):
    """Where allauth stops between what a provider says and a session."""

    key = "second_factor"
    urlname = "second_factor_check"

    def handle(self) -> tuple[HttpResponse | None, bool]:
        if self.login.user is None or not has_second_factor(self.login.user):
            return None, True
        waiting = (self.login.signal_kwargs or {}).get("sociallogin")
        if waiting and waiting.token:
            # It would lie in the session as it is; accounts.github_login has kept it by now.
            waiting.token.token = ""
        return redirect("second_factor_check"), True


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def second_factor_check(request: HttpRequest) -> HttpResponse:
    """Nobody is signed in by it who did not come from a provider just now."""
    stage = LoginStageController.enter(request, SecondFactorStage.key)
    if stage is None or stage.login.user is None:
        return redirect("sign_in")
    problem, status = "", 200
    if request.method == "POST":
        try:
            _check(request, stage.login.user)
        except Refusal as refusal:
            problem, status = refusal.detail, refusal.status
        else:
            answer: HttpResponse = stage.exit()
            return answer
    context = {
        "problem": problem,
        "login": stage.login.user.login,
        "question": question(request, stage.login.user),
        "has_app": factors_of(stage.login.user).app is not None,
    }
    return render(request, "accounts/second_factor_check.html", context, status=status)


@private("GET", "HEAD")
def second_factor(request: SignedInRequest) -> HttpResponse:
    context = {
        "factors": factors_of(request.user),
        "with_passkeys": settings.PASSKEY_HOST is not None,
        "tab": "second_factor",
    }
    return render(request, "accounts/second_factor.html", context)


@private("GET", "HEAD", "POST")
@fresh
def second_factor_add(request: SignedInRequest) -> HttpResponse:
    """The secret waits in the form, sealed: no table and no session holds it before it counts."""
    purpose = f"set-up of {request.user.pk}"
    if request.method != "POST":
        return _add_page(request, new_secret(), purpose)
    secret = unseal(request.POST.get("sealed", ""), purpose)
    if secret is None:
        return _add_page(request, new_secret(), purpose, InvalidInput("Start once more."))
    try:
        codes = add_second_factor(
            user=request.user, secret=secret, code=request.POST.get("code", "")[:40]
        )
    except Refusal as refusal:
        return _add_page(request, secret, purpose, refusal)
    if not codes:
        messages.success(request, "The authenticator app is added.")
        return redirect("second_factor")
    return _codes_page(request, codes)


@private("POST")
@fresh
def second_factor_remove(request: SignedInRequest) -> HttpResponse:
    text = request.POST.get("factor", "")
    is_number = text.isascii() and text.isdigit() and len(text) <= LONGEST_NUMBER
    remove_factor(user=request.user, number=int(text) if is_number else 0)
    if has_second_factor(request.user):
        messages.success(request, "It no longer counts.")
    else:
        messages.success(request, "Signing in no longer asks for a second factor.")
    return redirect("second_factor")


@private("POST")
@fresh
def recovery_codes_new(request: SignedInRequest) -> HttpResponse:
    return _codes_page(request, replace_recovery_codes(user=request.user))


def _check(request: HttpRequest, user: User) -> None:
    if "passkey" in request.POST:
        check_passkey(user=user, answer=request.POST["passkey"], state=asked(request))
    else:
        check_code(user=user, code=request.POST.get("code", "")[:40])


def _add_page(
    request: SignedInRequest, secret: str, purpose: str, refusal: Refusal | None = None
) -> HttpResponse:
    address = setup_address(request.user, secret)
    context: dict[str, Any] = {
        "sealed": seal(secret, purpose),
        "groups": [secret[start : start + GROUP] for start in range(0, len(secret), GROUP)],
        "address": address,
        "picture": qr_code(address),
        "problem": refusal.detail if refusal else "",
        "tab": "second_factor",
    }
    status = refusal.status if refusal else 200
    return render(request, "accounts/second_factor_add.html", context, status=status)


def _codes_page(request: SignedInRequest, codes: list[str]) -> HttpResponse:
    context = {"codes": "\n".join(codes), "tab": "second_factor"}
    return render(request, "accounts/recovery_codes.html", context)
