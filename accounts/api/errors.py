"""Refusals and framework errors as crates.io's JSON (crates-io-api reference, 0.1)."""

import logging
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.http import Http404, JsonResponse, UnreadablePostError
from rest_framework import exceptions
from rest_framework.response import Response

from accounts.errors import Refusal, unreadable
from accounts.request_context import current_request

logger = logging.getLogger(__name__)

# What the framework says no to, with our code; the wording is the framework's where it helps.
FRAMEWORK_CODES: dict[type[Exception], str] = {
    exceptions.ParseError: "malformed_json",
    exceptions.UnsupportedMediaType: "unsupported_media_type",
    exceptions.MethodNotAllowed: "method_not_allowed",
}


def handle(error: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's exception handler; None lets an unexpected error propagate to be logged once."""
    if isinstance(error, UnreadablePostError):
        error = unreadable(error)
    if isinstance(error, Refusal):
        return Response(error_body(error), status=error.status, headers=error.headers)
    if isinstance(error, Http404):
        return _plain("Not Found", "not_found", 404)
    if isinstance(error, PermissionDenied):
        return _plain("this action requires authentication", "authentication_required", 403)
    if isinstance(error, RequestDataTooBig):
        return _plain("the request body is too large", "body_too_large", 413)
    if isinstance(error, exceptions.ValidationError):
        return _plain(_first_problem(error.detail), "invalid_input", 422)
    if isinstance(error, exceptions.ParseError):
        problem = str(error.detail).removeprefix("JSON parse error - ")
        return _plain(
            f"Failed to parse the request body as JSON: {problem}",
            FRAMEWORK_CODES[exceptions.ParseError],
            400,
        )
    if isinstance(error, exceptions.UnsupportedMediaType):
        return _plain(
            "Expected request with `Content-Type: application/json`",
            FRAMEWORK_CODES[exceptions.UnsupportedMediaType],
            415,
        )
    if isinstance(error, exceptions.APIException):
        code = FRAMEWORK_CODES.get(type(error), "refused")
        return _plain(str(error.detail), code, error.status_code)
    return None


def refusal_response(refusal: Refusal) -> JsonResponse:
    """The same answer outside of DRF."""
    return JsonResponse(error_body(refusal), status=refusal.status, headers=refusal.headers)


def plain_response(detail: str, code: str, status: int) -> JsonResponse:
    return JsonResponse(_body(detail, code, {}), status=status)


def error_body(refusal: Refusal) -> dict[str, Any]:
    return _body(refusal.detail, refusal.code, refusal.extra)


def _plain(detail: str, code: str, status: int) -> Response:
    return Response(_body(detail, code, {}), status=status)


def _body(detail: str, code: str, extra: dict[str, object]) -> dict[str, Any]:
    request_id = current_request().request_id
    return {"errors": [{"detail": detail, "code": code, "request_id": request_id, **extra}]}


def _first_problem(detail: Any, path: str = "") -> str:
    """The first of a serializer's complaints, with the field it is about."""
    if isinstance(detail, dict):
        field, inner = next(iter(detail.items()))
        here = path if field == "non_field_errors" else f"{path}.{field}".lstrip(".")
        return _first_problem(inner, here)
    if isinstance(detail, list):
        return _first_problem(detail[0], path)
    return f"`{path}`: {detail}" if path else str(detail)
