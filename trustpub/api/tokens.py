"""POST and DELETE /api/v1/trusted_publishing/tokens (trusted-publishing reference, a.1)."""

from collections.abc import Mapping
from datetime import UTC
from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.authentication import credentials_of
from accounts.errors import MalformedCredentials
from accounts.request_context import current_request
from registry.formats.names import canonical
from trustpub.api.body import read_json
from trustpub.codes import ExchangeCode
from trustpub.errors import ExchangeRefused
from trustpub.operations.exchange import exchange
from trustpub.operations.grant import Binding, ExchangeRequest, Granted
from trustpub.operations.revoke import revoke


class Tokens(APIView):
    """No cookie and no API token counts here: the ID token is the credential."""

    authentication_classes = ()
    parser_classes = ()

    @extend_schema(
        operation_id="exchange_trustpub_token",
        summary="Exchange an ID token for a publish token",
        request=OpenApiTypes.OBJECT,
        responses=OpenApiTypes.OBJECT,
    )
    def post(self, request: Request) -> Response:
        granted = exchange(
            read_request=lambda: _exchange_request(
                read_json(request._request), dry_run=_dry_run(request)
            ),
            address=current_request().address,
        )
        response = Response(_granted_json(granted))
        response["Cache-Control"] = "no-store"
        return response

    @extend_schema(
        operation_id="revoke_trustpub_token",
        summary="Revoke a publish token",
        request=None,
        responses={204: None},
    )
    def delete(self, request: Request) -> Response:
        text = credentials_of(request)
        if text is None:
            raise MalformedCredentials("Missing `Authorization` header")
        revoke(text=text)
        return Response(status=204)


def _granted_json(granted: Granted) -> dict[str, Any]:
    """With the token, or after a dry run with what it would have been."""
    common = {
        "expires_at": granted.expires_at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "crates": list(granted.crates),
        "new_crates": list(granted.new_names),
    }
    if granted.text:
        return {"token": granted.text, **common}
    return {
        "dry_run": True,
        **common,
        "scopes": list(granted.scopes),
        "warnings": list(granted.warnings),
    }


def _dry_run(request: Request) -> bool:
    value = request.query_params.get("dry_run", "false").lower()
    if value not in ("true", "false", "1", "0"):
        raise _invalid("`dry_run` must be true or false")
    return value in ("true", "1")


def _exchange_request(body: Mapping[str, Any], *, dry_run: bool = False) -> ExchangeRequest:
    jwt = body.get("jwt")
    if not isinstance(jwt, str):
        raise _invalid("`jwt` must be a text: the ID token")
    crates, binding = _crates(body.get("crates")), _binding(body.get("bind"))
    if crates and binding and canonical(binding.name) not in map(canonical, crates):
        raise _invalid("`bind` names a crate that `crates` leaves out")
    return ExchangeRequest(jwt, crates, binding, dry_run)


def _crates(value: object) -> tuple[str, ...] | None:
    if value is None:
        return None
    if not isinstance(value, list) or not value or not all(isinstance(v, str) for v in value):
        raise _invalid("`crates` must be a list of crate names, or be left out")
    return tuple(value)


def _binding(value: object) -> Binding | None:
    match value:
        case None:
            return None
        case {"name": str(name), "vers": str(version), "cksum": str(checksum)}:
            if name and 0 < len(version) <= 150 and _is_sha256(checksum):
                return Binding(name[:64], version, checksum)
    raise _invalid("`bind` must hold `name`, `vers` and `cksum` (SHA-256 in lower-case hex)")


def _is_sha256(text: str) -> bool:
    return len(text) == 64 and set(text) <= set("0123456789abcdef")


def _invalid(detail: str) -> ExchangeRefused:
    return ExchangeRefused(ExchangeCode.INVALID_REQUEST, detail)
