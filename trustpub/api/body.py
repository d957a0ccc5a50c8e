"""The small JSON body of an exchange, read within limits (trusted-publishing reference, a.3)."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest

from accounts.errors import Refusal
from trustpub.codes import ExchangeCode
from trustpub.errors import ExchangeRefused
from trustpub.strict_json import MAX_DEPTH, UnacceptableJson, read_object

MAX_BODY = 32 * 1024


class BodyTooLarge(Refusal):
    code = ExchangeCode.INVALID_REQUEST
    status = 413


class WrongContentType(Refusal):
    code = ExchangeCode.INVALID_REQUEST
    status = 415


def read_json(request: HttpRequest, *, list_name: str = "") -> Mapping[str, Any]:
    """The body as an object; a list stands for an object with `list_name` alone.

    Raises BodyTooLarge or ExchangeRefused with `invalid_request`."""
    body = request.read(MAX_BODY + 1)
    if len(body) > MAX_BODY:
        raise BodyTooLarge(f"the request body may have at most {MAX_BODY} bytes")
    if request.content_type != "application/json":
        raise WrongContentType("send the body with `Content-Type: application/json`")
    try:
        if list_name and body.lstrip()[:1] == b"[":
            return _named_list(body, list_name)
        return read_object(body)
    except UnacceptableJson:
        raise ExchangeRefused(
            ExchangeCode.INVALID_REQUEST, 'the body must be a JSON object like {"jwt": "..."}'
        ) from None


def _named_list(body: bytes, name: str) -> Mapping[str, Any]:
    found = read_object(b'{"%s": %s}' % (name.encode(), body), max_depth=MAX_DEPTH + 1)
    if set(found) != {name}:
        raise UnacceptableJson("something follows the list")
    return found
