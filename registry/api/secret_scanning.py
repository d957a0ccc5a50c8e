"""POST /api/github/secret-scanning/verify (crates-io-api reference, 4.4)."""

from typing import Any

from django.http import HttpRequest
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import github_alerts
from accounts.errors import InvalidAlert
from registry.actors import System
from registry.formats.plain_data import InvalidData, parse_json
from registry.operations.leaks import Leak, end_leaked_tokens

MAX_BODY = 1024 * 1024
MAX_ALERTS = 1000
SOURCE = "GitHub secret scanning"


class SecretScanning(APIView):
    """GitHub's signature is the credential; no cookie and no token counts here."""

    authentication_classes = ()
    parser_classes = ()

    @extend_schema(exclude=True)
    def post(self, request: Request) -> Response:
        # The key first: whoever cannot name one has no body read.
        pem = github_alerts.key_named(request.headers.get("GitHub-Public-Key-Identifier"))
        body = _read(request._request)
        github_alerts.verify(
            pem=pem, signature=request.headers.get("GitHub-Public-Key-Signature"), body=body
        )
        alerts = _alerts(body)
        ended = end_leaked_tokens(actor=System(SOURCE), leaks=[_leak(alert) for alert in alerts])
        return Response(
            [
                {
                    "token_raw": alert["token"],
                    "token_type": alert["type"],
                    "label": "false_positive" if was_usable is None else "true_positive",
                }
                for alert, was_usable in zip(alerts, ended, strict=True)
            ],
            headers={"Cache-Control": "no-store"},
        )


def _read(request: HttpRequest) -> bytes:
    body = request.read(MAX_BODY + 1)
    if len(body) > MAX_BODY:
        raise InvalidAlert(f"the body may have at most {MAX_BODY} bytes")
    return body


def _alerts(body: bytes) -> list[dict[str, Any]]:
    try:
        alerts = parse_json(body)
    except InvalidData as error:
        raise InvalidAlert(str(error)) from None
    if not isinstance(alerts, list):
        raise InvalidAlert("the body must be a JSON list")
    if len(alerts) > MAX_ALERTS:
        raise InvalidAlert(f"the list may have at most {MAX_ALERTS} entries")
    for number, alert in enumerate(alerts):
        match alert:
            case {"token": str(), "type": str()}:
                continue
        raise InvalidAlert(f"entry {number} must be an object with the texts `token` and `type`")
    return alerts


def _leak(alert: dict[str, Any]) -> Leak:
    source, url = alert.get("source"), alert.get("url")
    # Such as `content` or `commit`.
    kind = (
        f" ({source[:50]})" if isinstance(source, str) and source.isprintable() and source else ""
    )
    return Leak(alert["token"], f"{SOURCE}{kind}", url if isinstance(url, str) else "")
