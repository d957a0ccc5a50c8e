"""A person's own API tokens: listed, made, made anew, revoked."""

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render

from accounts.errors import Refusal
from accounts.operations.tokens import (
    CreatedToken,
    create_token,
    regenerate_token,
    revoke_token,
)
from accounts.pages.fresh import fresh
from accounts.pages.private import SignedInRequest, private
from accounts.pages.token_form import TokenForm
from accounts.scopes import InvalidScope, read_patterns
from trustpub.queries.token_page import CoveredCrates, covered_crates, token_cards

# How cargo's configuration in our instructions names this registry.
REGISTRY_NAME = "waybill"
MAX_ID_LENGTH = 18


@private("GET", "HEAD")
def tokens(request: SignedInRequest) -> HttpResponse:
    return render(
        request,
        "accounts/tokens.html",
        {"cards": token_cards(request.user), "tab": "tokens"},
    )


@private("GET", "HEAD", "POST")
@fresh
def token_new(request: SignedInRequest) -> HttpResponse:
    """The answer to a good form shows the token, which nothing keeps: no session, no message."""
    form = TokenForm(
        request.POST if request.method == "POST" else None, initial=_as_before(request)
    )
    if form.is_valid():
        try:
            return _shown_once(request, _create(request, form))
        except Refusal as refusal:
            form.add_error(None, refusal.detail)
    return render(
        request,
        "accounts/token_new.html",
        {"form": form, "tab": "tokens"},
        status=400 if form.is_bound else 200,
    )


@private("POST")
def token_preview(request: SignedInRequest) -> HttpResponse:
    """The form as it was sent, with which crates its patterns cover today; makes nothing."""
    sent = request.POST
    form = TokenForm(initial={**sent.dict(), "scopes": sent.getlist("scopes")})
    covered: list[CoveredCrates] = []
    problem = ""
    try:
        patterns = read_patterns(sent.get("patterns", "").split())
        covered = covered_crates(request.user, patterns)
    except InvalidScope as invalid:
        problem = str(invalid)
    context = {"form": form, "preview": covered, "preview_problem": problem, "tab": "tokens"}
    return render(request, "accounts/token_new.html", context, status=400 if problem else 200)


@private("POST")
@fresh
def token_regenerate(request: SignedInRequest, token_id: int) -> HttpResponse:
    return _shown_once(request, regenerate_token(user=request.user, token_id=token_id))


@private("POST")
def token_revoke(request: SignedInRequest, token_id: int) -> HttpResponse:
    token = revoke_token(user=request.user, token_id=token_id)
    messages.success(request, f"The token {token.name} is revoked. Nobody can use it any more.")
    return redirect("tokens")


def _as_before(request: SignedInRequest) -> dict[str, object]:
    """What the form begins with when it comes from a token that ended, as `?from=ID` says."""
    former = request.GET.get("from", "")
    if not (former.isascii() and former.isdigit() and len(former) <= MAX_ID_LENGTH):
        return {}
    token = request.user.api_tokens.filter(pk=former).first()
    if token is None:
        return {}
    return {
        "name": token.name,
        "scopes": token.endpoint_scopes or [],
        "patterns": "\n".join(token.crate_patterns or []),
    }


def _create(request: SignedInRequest, form: TokenForm) -> CreatedToken:
    return create_token(
        user=request.user,
        name=form.cleaned_data["name"],
        scopes=form.cleaned_data["scopes"],
        patterns=form.cleaned_data["patterns"],
        expires_at=form.expires_at(),
    )


def _shown_once(request: SignedInRequest, created: CreatedToken) -> HttpResponse:
    return render(
        request,
        "accounts/token_created.html",
        {
            "token": created.token,
            "text": created.text,
            "registry_name": REGISTRY_NAME,
            "cargo_config": f'[registries.{REGISTRY_NAME}]\nindex = "{settings.INDEX_URL}"',
            "tab": "tokens",
        },
    )
