"""DELETE …/yank and PUT …/unyank."""

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.errors import InvalidInput
from registry.api.describe import TOKEN_OR_COOKIE, operation
from registry.api.requests import actor_of
from registry.api.shapes import done
from registry.formats.errors import FormatError
from registry.formats.semver import Version as Semver
from registry.models import Version
from registry.operations.yank import unyank, yank
from registry.queries.lookup import crate_named, version_numbered


class Yank(APIView):
    @operation(
        "yank_version", "versions", "Yank a version", auth=TOKEN_OR_COOKIE, answer=done("Yanked")
    )
    def delete(self, request: Request, name: str, num: str) -> Response:
        actor = actor_of(request)
        yank(actor=actor, version=_version(name, num))
        return Response({"ok": True})


class Unyank(APIView):
    @operation(
        "unyank_version",
        "versions",
        "Un-yank a version",
        auth=TOKEN_OR_COOKIE,
        answer=done("Unyanked"),
    )
    def put(self, request: Request, name: str, num: str) -> Response:
        actor = actor_of(request)
        unyank(actor=actor, version=_version(name, num))
        return Response({"ok": True})


def _version(name: str, num: str) -> Version:
    """Cargo sends the version as it was typed."""
    try:
        Semver.parse(num)
    except FormatError:
        raise InvalidInput(f"Invalid URL: `{num[:100]}` is not a semver version") from None
    return version_numbered(crate_named(name), num)
