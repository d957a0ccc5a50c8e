"""Taking one's data away, and deleting the account."""

import json
from collections.abc import Iterator

from django.contrib.auth import logout
from django.core.serializers.json import DjangoJSONEncoder
from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render

from accounts.errors import Refusal
from accounts.models import User
from accounts.pages.fresh import fresh_without_factor as fresh
from accounts.pages.private import SignedInRequest, private
from registry.operations.close_account import close_account, sole_crates
from trustpub.queries.own_data import own_data


@private("GET", "HEAD")
def account_data(request: SignedInRequest) -> HttpResponse:
    return _page(request)


@private("POST")
@fresh
def account_export(request: SignedInRequest) -> StreamingHttpResponse:
    """A POST, because it shows at once what a thief of the session would collect page by page."""
    name = f"waybill-{request.user.login}.json"
    return StreamingHttpResponse(
        _json(request.user),
        content_type="application/json",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


@private("POST")
@fresh
def account_delete(request: SignedInRequest) -> HttpResponse:
    user = request.user
    if request.POST.get("login", "").strip() != user.login:
        return _page(request, f"Type {user.login} to confirm.", 400)
    try:
        close_account(user=user)
    except Refusal as refusal:
        return _page(request, refusal.detail, refusal.status)
    logout(request)
    return redirect("account_deleted")


def _page(request: SignedInRequest, problem: str = "", status: int = 200) -> HttpResponse:
    context = {"sole_crates": sole_crates(request.user), "problem": problem, "tab": "data"}
    return render(request, "accounts/account_data.html", context, status=status)


def _json(user: User) -> Iterator[str]:
    """One object of sections, never all of it in memory."""
    separator = "{\n"
    for name, facts in own_data(user):
        yield f"{separator}{json.dumps(name)}: "
        if isinstance(facts, dict):
            yield _text(facts)
        else:
            yield from _list(iter(facts))
        separator = ",\n"
    yield "\n}\n"


def _list(rows: Iterator[object]) -> Iterator[str]:
    separator = "["
    for row in rows:
        yield f"{separator}\n  {_text(row)}"
        separator = ","
    yield "[]" if separator == "[" else "\n]"


def _text(value: object) -> str:
    return json.dumps(value, cls=DjangoJSONEncoder)
