"""What programs read most of a crate, and a publish, before sessions and pages are thought of."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase

from registry.api import crates, owners, publish, versions

PREFIX = "/api/v1/crates/"
_QUICK: dict[str, Callable[[HttpRequest, str], HttpResponseBase | None]] = {
    "": crates.quickly,
    "/owners": owners.quickly,
    "/versions": versions.quickly,
}


def shortcut(request: HttpRequest) -> HttpResponseBase | None:
    """Of a crate for who only reads, or to a publish; None to else (accounts.shortcuts)."""
    path = request.path_info
    if path == publish.PATH and (answer := publish.quickly(request)):
        return answer
    if not path.startswith(PREFIX):
        return None
    name, slash, rest = path[len(PREFIX) :].partition("/")
    quick = _QUICK.get(slash + rest)
    return quick(request, name) if quick else None
