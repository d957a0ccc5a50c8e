"""POST /api/v1/trusted_publishing/preflight: asks about all uploads of a workspace (d.6)."""

from collections.abc import Mapping
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.errors import AuthenticationRequired
from accounts.request_context import current_request
from registry.api.describe import CI_TOKEN, operation
from trustpub.actors import CiJob
from trustpub.api.body import read_json
from trustpub.api.shapes import TAG, PreflightAnswerShape, PreflightShape
from trustpub.authentication import publish_token_of
from trustpub.codes import ExchangeCode
from trustpub.errors import ExchangeRefused
from trustpub.operations.exchange import exchange
from trustpub.operations.grant import ExchangeRequest
from trustpub.queries.preflight import Outcome, Reach, Upload, outcomes

MAX_UPLOADS = 300


class Preflight(APIView):
    """Changes nothing and extends no token; an ID token is spent, as by every dry run."""

    authentication_classes = ()
    parser_classes = ()

    @operation(
        "preflight_trustpub",
        TAG,
        "Ask what would become of several uploads",
        auth=("", *CI_TOKEN),
        body=PreflightShape,
        answer=PreflightAnswerShape,
    )
    def post(self, request: Request) -> Response:
        body = read_json(request._request, list_name="crates")
        uploads = _uploads(body)
        reach = _reach(request, body)
        response = Response({"crates": [_json(outcome) for outcome in outcomes(uploads, reach)]})
        response["Cache-Control"] = "no-store"
        return response


def _reach(request: Request, body: Mapping[str, Any]) -> Reach:
    """What the caller's token, or ID token, stands for."""
    jwt = body.get("jwt")
    if jwt is None:
        token = publish_token_of(request)
        if token is None:
            raise AuthenticationRequired
        return Reach(*CiJob(token).reach(), promised=token.new_names)
    if not isinstance(jwt, str):
        raise _invalid("`jwt` must be a text: the ID token")
    granted = exchange(
        read_request=lambda: ExchangeRequest(jwt, dry_run=True),
        address=current_request().address,
    )
    return Reach(granted.crates, granted.new_names)


def _uploads(body: Mapping[str, Any]) -> list[Upload]:
    listed = body.get("crates")
    if not isinstance(listed, list) or not 0 < len(listed) <= MAX_UPLOADS:
        raise _invalid(f"`crates` must be a list of 1 to {MAX_UPLOADS} objects")
    return [_upload(entry) for entry in listed]


def _upload(entry: object) -> Upload:
    match entry:
        case {"name": str(name), "vers": str(version), **rest}:
            checksum = rest.get("cksum") or ""
            fits = 0 < len(name) <= 64 and 0 < len(version) <= 150
            if isinstance(checksum, str) and fits and name.isascii() and name.isprintable():
                return Upload(name, version.replace("\0", ""), checksum)
    raise _invalid("each of `crates` must hold `name` and `vers`, and may hold `cksum`")


def _json(outcome: Outcome) -> dict[str, Any]:
    upload = outcome.upload
    told: dict[str, Any] = {"name": upload.name, "vers": upload.version, "status": outcome.status}
    if outcome.same_archive is not None:
        told["same_archive"] = outcome.same_archive
    return told


def _invalid(detail: str) -> ExchangeRefused:
    return ExchangeRefused(ExchangeCode.INVALID_REQUEST, detail)
