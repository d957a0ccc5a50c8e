"""/api/v1/crates/{name}/owners and its parts."""

import hashlib
from functools import lru_cache
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils.cache import get_conditional_response
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.step_up import require_fresh
from registry.api.bodies import OWNERS
from registry.api.describe import TOKEN_OR_COOKIE, operation
from registry.api.rendering import owner_json, ownership_json
from registry.api.requests import actor_of, is_plain_read, json_object, text_list
from registry.api.shapes import OwnerShape, answer, flag, text
from registry.operations.owners import add_owners, remove_owners
from registry.queries.lookup import crate_named
from registry.queries.owners import Owner, owners_by_name, owners_of


class Owners(APIView):
    @operation(
        "list_owners",
        "owners",
        "List the owners of a crate",
        answer=answer("ListOwners", users=OwnerShape(many=True)),
    )
    def get(self, request: Request, name: str) -> Response:
        return Response({"users": _owners(name)})

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Who only reads is answered from one prepared query."""
        return quickly(request, kwargs["name"]) or super().dispatch(request, *args, **kwargs)

    @operation(
        "add_owners",
        "owners",
        "Add owners to a crate",
        auth=TOKEN_OR_COOKIE,
        body=OWNERS,
        answer=answer("AddOwners", ok=flag(), msg=text("what happened")),
    )
    def put(self, request: Request, name: str) -> Response:
        actor = actor_of(request)
        require_fresh(request)
        # Cargo says `users`.
        logins = text_list(json_object(request), "owners", "users")
        messages = add_owners(actor=actor, crate=crate_named(name), logins=logins)
        return Response({"ok": True, "msg": ",".join(messages)})

    @operation(
        "remove_owners",
        "owners",
        "Remove owners from a crate",
        auth=TOKEN_OR_COOKIE,
        body=OWNERS,
        answer=answer("RemoveOwners", ok=flag(), msg=text("what happened")),
    )
    def delete(self, request: Request, name: str) -> Response:
        actor = actor_of(request)
        logins = text_list(json_object(request), "owners", "users")
        remove_owners(actor=actor, crate=crate_named(name), logins=logins)
        return Response({"ok": True, "msg": "owners successfully removed"})


class OwnerUsers(APIView):
    @operation(
        "get_user_owners",
        "owners",
        "List the people who own a crate",
        answer=answer("UserOwners", users=OwnerShape(many=True)),
    )
    def get(self, request: Request, name: str) -> Response:
        return Response({"users": _owners(name, kind="user")})


class OwnerTeams(APIView):
    @operation(
        "get_team_owners",
        "owners",
        "List the teams that own a crate",
        answer=answer("TeamOwners", teams=OwnerShape(many=True)),
    )
    def get(self, request: Request, name: str) -> Response:
        return Response({"teams": _owners(name, kind="team")})


def _owners(name: str, *, kind: str | None = None) -> list[dict[str, object]]:
    """People first, then teams."""
    owners = [ownership_json(ownership) for ownership in owners_of(crate_named(name))]
    return [owner for owner in owners if kind in (None, owner["kind"])]


def quickly(request: HttpRequest, name: str) -> HttpResponseBase | None:
    """None where the usual way knows better what to say, as of a crate without owners."""
    found = owners_by_name(name) if is_plain_read(request) else ()
    if not found:
        return None
    body, etag = _rendered(found)
    headers = {"ETag": etag, "Vary": "Accept, Authorization, Cookie"}
    answer = HttpResponse(body, content_type="application/json", headers=headers)
    return get_conditional_response(request, etag=etag, response=answer)


# All that is said of them is given, so that it is the same until something changes.
@lru_cache(maxsize=1024)
def _rendered(owners: tuple[Owner, ...]) -> tuple[bytes, str]:
    """The body, and its entity tag."""
    body = JSONRenderer().render({"users": [owner_json(owner) for owner in owners]})
    return body, f'"{hashlib.sha256(body).hexdigest()[:32]}"'
