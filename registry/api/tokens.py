"""The caller's own API tokens: /api/v1/me/tokens and /api/v1/tokens/current."""

from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.errors import InvalidInput, NotFound
from accounts.models import ApiToken, User
from accounts.operations.tokens import create_token, revoke_token
from accounts.step_up import require_fresh
from registry.api.bodies import NEW_TOKEN
from registry.api.describe import COOKIE, ID, TOKEN, TOKEN_OR_COOKIE, operation, query
from registry.api.rendering import moment
from registry.api.requests import (
    WrongShape,
    actor_of,
    browsing_person_of,
    json_object,
    object_field,
    optional,
    person_of,
    query_number,
    text_field,
    text_list,
)
from registry.api.shapes import ApiTokenShape, ApiTokenWithTokenShape, answer

NO_STORE = {"Cache-Control": "no-store"}
MAX_EXPIRED_DAYS = 36_500
MAX_ID = 2**62


class Tokens(APIView):
    @operation(
        "list_api_tokens",
        "api_tokens",
        "List the caller's API tokens",
        auth=COOKIE,
        parameters=[query("expired_days", ID, "also those that expired in so many days")],
        answer=answer("ListTokens", api_tokens=ApiTokenShape(many=True)),
    )
    def get(self, request: Request) -> Response:
        user = browsing_person_of(request)
        days = max(0, min(query_number(request, "expired_days") or 0, MAX_EXPIRED_DAYS))
        since = timezone.now() - timedelta(days=days)
        rows = user.api_tokens.listed().filter(Q(expires_at=None) | Q(expires_at__gt=since))
        return Response({"api_tokens": [token_json(row) for row in rows]}, headers=NO_STORE)

    @operation(
        "create_api_token",
        "api_tokens",
        "Create an API token",
        auth=COOKIE,
        body=NEW_TOKEN,
        answer=answer("CreateToken", api_token=ApiTokenWithTokenShape()),
    )
    def put(self, request: Request) -> Response:
        actor = actor_of(request)
        if actor.api_token:
            raise InvalidInput("cannot use an API token to create a new API token")
        user = browsing_person_of(request)
        require_fresh(request)
        body = object_field(json_object(request), "api_token")
        created = create_token(
            user=user,
            name=text_field(body, "name", within="api_token."),
            scopes=_texts(body, "endpoint_scopes"),
            patterns=_texts(body, "crate_scopes"),
            expires_at=_moment(optional(body, "expired_at", str, within="api_token.")),
        )
        shown = {**token_json(created.token), "token": created.text}
        return Response({"api_token": shown}, headers=NO_STORE)


class TokenDetail(APIView):
    @operation(
        "find_api_token",
        "api_tokens",
        "Read an API token",
        auth=TOKEN_OR_COOKIE,
        answer=answer("FindToken", api_token=ApiTokenShape()),
    )
    def get(self, request: Request, token_id: int) -> Response:
        rows = person_of(request).api_tokens.filter(revoked_at=None, pk=min(token_id, MAX_ID))
        token = rows.first()
        if token is None:
            raise NotFound
        return Response({"api_token": token_json(token)}, headers=NO_STORE)

    @operation(
        "revoke_api_token",
        "api_tokens",
        "Revoke an API token",
        auth=TOKEN_OR_COOKIE,
        answer=OpenApiTypes.OBJECT,
    )
    def delete(self, request: Request, token_id: int) -> Response:
        """The same answer whether there was such a token or not."""
        _revoke(person_of(request), min(token_id, MAX_ID))
        return Response({}, headers=NO_STORE)


class CurrentToken(APIView):
    @operation(
        "revoke_current_api_token",
        "api_tokens",
        "Revoke the API token of this request",
        auth=TOKEN,
        status=204,
    )
    def delete(self, request: Request) -> Response:
        user = person_of(request)
        token = actor_of(request).api_token
        if token is None:
            raise InvalidInput("token not provided")
        _revoke(user, token.pk)
        return Response(status=204)


def token_json(token: ApiToken) -> dict[str, Any]:
    return {
        "id": token.pk,
        "name": token.name,
        "created_at": moment(token.created_at),
        "last_used_at": moment(token.last_used_at) if token.last_used_at else None,
        "crate_scopes": token.crate_patterns,
        "endpoint_scopes": token.endpoint_scopes,
        "expired_at": moment(token.expires_at) if token.expires_at else None,
    }


def _revoke(user: User, token_id: int) -> None:
    try:
        revoke_token(user=user, token_id=token_id)
    except NotFound:
        return


def _texts(body: Any, name: str) -> list[str] | None:
    return None if body.get(name) is None else text_list(body, name)


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    # Years at the ends leave the calendar when they are turned into UTC.
    if found is None or found.tzinfo is None or not 1 < found.year < 9999:
        raise WrongShape("`api_token.expired_at` must be a time with its zone, as RFC 3339 has it")
    return found
