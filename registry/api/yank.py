"""DELETE …/yank and PUT …/unyank."""

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from registry.api.describe import TOKEN_OR_COOKIE, operation
from registry.api.requests import actor_of, version_of
from registry.api.shapes import done
from registry.operations.yank import unyank, yank


class Yank(APIView):
    @operation(
        "yank_version", "versions", "Yank a version", auth=TOKEN_OR_COOKIE, answer=done("Yanked")
    )
    def delete(self, request: Request, name: str, num: str) -> Response:
        actor = actor_of(request)
        yank(actor=actor, version=version_of(name, num))
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
        unyank(actor=actor, version=version_of(name, num))
        return Response({"ok": True})
