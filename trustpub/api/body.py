"""The small JSON body of an exchange, read within limits (trusted-publishing reference, a.3)."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest

from accounts.errors import Refusal
from trustpub.codes import ExchangeCode
from trustpub.errors import ExchangeRefused
from trustpub.strict_json import UnacceptableJson, read_object

MAX_BODY = 32 * 1024


class BodyTooLarge(Refusal):
    code = ExchangeCode.INVALID_REQUEST
    status = 413


class WrongContentType(Refusal):
    code = ExchangeCode.INVALID_REQUEST
    status = 415


def read_json(request: HttpRequest) -> Mapping[str, Any]:
    """Raises BodyTooLarge or ExchangeRefused with `invalid_request`."""
    body = request.read(MAX_BODY + 1)
    if len(body) > MAX_BODY:
        raise BodyTooLarge(f"the request body may have at most {MAX_BODY} bytes")
    if not request.headers.get("Content-Type", "").lower().startswith("application/json"):
        raise WrongContentType("send the body with `Content-Type: application/json`")
    try:
        return read_object(body)
    except UnacceptableJson:
        raise ExchangeRefused(
            ExchangeCode.INVALID_REQUEST, 'the body must be a JSON object like {"jwt": "..."}'
        ) from None
