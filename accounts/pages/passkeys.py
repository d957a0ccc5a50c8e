"""Passkeys on pages: a question in the form, what it was in the session, and one answer to it."""

import time

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from accounts import passkeys
from accounts.errors import NotFound, Refusal
from accounts.models import User
from accounts.operations.passkeys import LONGEST_NAME, add_passkey
from accounts.pages.fresh import fresh_without_factor as fresh
from accounts.pages.private import SignedInRequest, private
from accounts.passkeys import PATIENCE, State
from accounts.queries.passkeys import credentials_of

ASKED = "passkey_asked"


def question(request: HttpRequest, user: User) -> str:
    """What the script hands to the browser, for a proof; empty where no passkey can give one."""
    known = credentials_of(user) if settings.PASSKEY_HOST else []
    if not known:
        return ""
    options, state = passkeys.authentication(known)
    _remember(request, state)
    return options


def asked(request: HttpRequest) -> State | None:
    """What was asked last, for one answer, right or wrong."""
    kept = request.session.pop(ASKED, None)
    if not isinstance(kept, dict) or kept["until"] < time.time():
        return None
    state: State = kept["state"]
    return state


@private("GET", "HEAD", "POST")
@fresh
def passkey_add(request: SignedInRequest) -> HttpResponse:
    """The first POST asks, so that a proof of identity comes before the passkey is made."""
    if not settings.PASSKEY_HOST:
        raise NotFound
    if request.method != "POST":
        return redirect("second_factor")
    if "passkey" not in request.POST:
        return _add_page(request)
    name = request.POST.get("name", "")
    try:
        codes = add_passkey(
            user=request.user, name=name, answer=request.POST["passkey"], state=asked(request)
        )
    except Refusal as refusal:
        return _add_page(request, name, refusal)
    if codes:
        context = {"codes": "\n".join(codes), "tab": "second_factor"}
        return render(request, "accounts/recovery_codes.html", context)
    messages.success(request, "The passkey is added.")
    return redirect("second_factor")


def _add_page(
    request: SignedInRequest, name: str = "", refusal: Refusal | None = None
) -> HttpResponse:
    user = request.user
    options, state = passkeys.registration(
        handle=str(user.pk), login=user.login, known=credentials_of(user)
    )
    _remember(request, state)
    context = {
        "options": options,
        "name": name[:LONGEST_NAME],
        "problem": refusal.detail if refusal else "",
        "tab": "second_factor",
    }
    status = refusal.status if refusal else 200
    return render(request, "accounts/passkey_add.html", context, status=status)


def _remember(request: HttpRequest, state: State) -> None:
    request.session[ASKED] = {"state": state, "until": int(time.time()) + PATIENCE // 1000}
