"""POST and DELETE /api/v1/trusted_publishing/tokens (trusted-publishing reference, a.1)."""

from collections.abc import Mapping
from datetime import UTC
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.authentication import credentials_of
from accounts.errors import MalformedCredentials
from accounts.request_context import current_request
from accounts.scopes import Scope
from registry.api.describe import CI_TOKEN, operation, query
from trustpub.api.body import read_json
from trustpub.api.shapes import TAG, ExchangeShape, GrantedShape
from trustpub.binding import Binding, InvalidBinding, read_binding
from trustpub.codes import ExchangeCode
from trustpub.errors import ExchangeRefused
from trustpub.notes import EXCHANGE, noting
from trustpub.operations.exchange import exchange
from trustpub.operations.grant import ExchangeRequest, Granted
from trustpub.operations.revoke import revoke

PATH = "/api/v1/trusted_publishing/tokens"


class Tokens(APIView):
    """No cookie and no API token counts here: the ID token is the credential."""

    authentication_classes = ()
    parser_classes = ()

    @operation(
        "exchange_trustpub_token",
        TAG,
        "Exchange an ID token for a publish token",
        parameters=[query("dry_run", bool, "only say what would be granted; spends the ID token")],
        body=ExchangeShape,
        answer=GrantedShape,
    )
    def post(self, request: HttpRequest) -> HttpResponse:
        with noting(EXCHANGE) as noted:
            dry_run = _dry_run(request)
            granted = exchange(
                read_request=lambda: _exchange_request(read_json(request), dry_run=dry_run),
                address=current_request().address,
            )
            noted.outcome = "dry_run" if dry_run else "granted"
        return JsonResponse(_granted_json(granted), headers={"Cache-Control": "no-store"})

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """An exchange past the framework, whose own steps cost as much as refusing garbage does.

        It has no use for them: a refusal becomes JSON in the middleware as well.
        """
        if request.method == "POST":
            return self.post(request)
        return super().dispatch(request, *args, **kwargs)

    @operation("revoke_trustpub_token", TAG, "Revoke a publish token", auth=CI_TOKEN, status=204)
    def delete(self, request: Request) -> Response:
        text = credentials_of(request)
        if text is None:
            raise MalformedCredentials("Missing `Authorization` header")
        revoke(text=text)
        return Response(status=204)


def shortcut(request: HttpRequest) -> HttpResponse | None:
    """The answer to an exchange; None to anything else (accounts.shortcuts)."""
    is_exchange = request.path_info == PATH and request.method == "POST"
    return Tokens().post(request) if is_exchange else None


def _granted_json(granted: Granted) -> dict[str, Any]:
    """With the token, or after a dry run with what it would have been."""
    common = {
        "expires_at": granted.expires_at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "crates": list(granted.crates),
        "new_crates": list(granted.new_names),
        "bind": granted.binding.as_dict() if granted.binding else None,
    }
    if granted.text:
        return {"token": granted.text, **common}
    return {
        "dry_run": True,
        **common,
        "scopes": list(granted.scopes),
        "warnings": list(granted.warnings),
    }


def _dry_run(request: HttpRequest) -> bool:
    value = request.GET.get("dry_run", "false").lower()
    if value not in ("true", "false", "1", "0"):
        raise _invalid("`dry_run` must be true or false")
    return value in ("true", "1")


def _exchange_request(body: Mapping[str, Any], *, dry_run: bool = False) -> ExchangeRequest:
    jwt = body.get("jwt")
    if not isinstance(jwt, str):
        raise _invalid("`jwt` must be a text: the ID token")
    crates, binding = _crates(body.get("crates")), _binding(body.get("bind"))
    if crates and binding and not any(map(binding.is_for_crate, crates)):
        raise _invalid("`bind` names a crate that `crates` leaves out")
    only_reads = _only_reads(body.get("scope"))
    if only_reads and (crates or binding):
        raise _invalid("`scope` is `read`, so leave out `crates` and `bind`")
    if only_reads and dry_run:
        raise _invalid("a dry run says what a job may publish; leave out `scope`")
    return ExchangeRequest(jwt, crates, binding, only_reads, dry_run)


def _crates(value: object) -> tuple[str, ...] | None:
    if value is None:
        return None
    if not isinstance(value, list) or not value or not all(isinstance(v, str) for v in value):
        raise _invalid("`crates` must be a list of crate names, or be left out")
    return tuple(value)


def _binding(value: object) -> Binding | None:
    try:
        return read_binding(value)
    except InvalidBinding as error:
        raise _invalid(str(error)) from None


def _only_reads(value: object) -> bool:
    if value not in (None, Scope.READ):
        raise _invalid("`scope` must be `read`, or be left out for a token that publishes")
    return value is not None


def _invalid(detail: str) -> ExchangeRefused:
    return ExchangeRefused(ExchangeCode.INVALID_REQUEST, detail)
