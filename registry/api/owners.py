"""/api/v1/crates/{name}/owners and its parts."""

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.step_up import require_fresh
from registry.api.rendering import ownership_json
from registry.api.requests import actor_of, json_object, text_list
from registry.operations.owners import add_owners, remove_owners
from registry.queries.lookup import crate_named
from registry.queries.owners import owners_of


class Owners(APIView):
    @extend_schema(operation_id="list_owners", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, name: str) -> Response:
        return Response({"users": _owners(name)})

    @extend_schema(
        operation_id="add_owners", request=OpenApiTypes.OBJECT, responses=OpenApiTypes.OBJECT
    )
    def put(self, request: Request, name: str) -> Response:
        actor = actor_of(request)
        require_fresh(request)
        # Cargo says `users`.
        logins = text_list(json_object(request), "owners", "users")
        messages = add_owners(actor=actor, crate=crate_named(name), logins=logins)
        return Response({"ok": True, "msg": ", ".join(messages)})

    @extend_schema(
        operation_id="remove_owners", request=OpenApiTypes.OBJECT, responses=OpenApiTypes.OBJECT
    )
    def delete(self, request: Request, name: str) -> Response:
        actor = actor_of(request)
        logins = text_list(json_object(request), "owners", "users")
        remove_owners(actor=actor, crate=crate_named(name), logins=logins)
        return Response({"ok": True, "msg": "owners successfully removed"})


class OwnerUsers(APIView):
    @extend_schema(operation_id="list_owner_users", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, name: str) -> Response:
        return Response({"users": _owners(name, kind="user")})


class OwnerTeams(APIView):
    @extend_schema(operation_id="list_owner_teams", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, name: str) -> Response:
        return Response({"teams": _owners(name, kind="team")})


def _owners(name: str, *, kind: str | None = None) -> list[dict[str, object]]:
    """People first, then teams."""
    owners = [ownership_json(ownership) for ownership in owners_of(crate_named(name))]
    return [owner for owner in owners if kind in (None, owner["kind"])]
