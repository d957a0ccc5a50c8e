"""What the framework says no to, as a page or, below /api/, in crates.io's shape."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from accounts.api.errors import plain_response


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _answer(request, 400, "malformed_request", "The request could not be understood.")


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _answer(request, 403, "forbidden", "this action requires authentication")


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _answer(request, 404, "not_found", "Not Found")


def server_error(request: HttpRequest) -> HttpResponse:
    return _answer(request, 500, "internal_error", "Internal Server Error")


def _answer(request: HttpRequest, status: int, code: str, detail: str) -> HttpResponse:
    if request.path.startswith(("/api/", "/index/")):
        return plain_response(detail, code, status)
    return render(request, f"{status}.html", status=status)
