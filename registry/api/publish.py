"""PUT /api/v1/crates/new."""

from typing import Any, BinaryIO, cast

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils.module_loading import import_string
from drf_spectacular.types import OpenApiTypes
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from registry.api.crates import FIND_CRATE, INCLUDE, CrateDetail
from registry.api.describe import PUBLISHERS, operation
from registry.api.rendering import crate_json
from registry.api.requests import acting
from registry.api.shapes import CrateShape, PublishWarningsShape, answer
from registry.errors import LengthRequired
from registry.operations.publish import publish

PATH = "/api/v1/crates/new"


class Publish(APIView):
    """Takes the frame that cargo sends; a token of a person or of a CI job, never a cookie."""

    parser_classes = ()

    def get_authenticators(self) -> list[Any]:
        return [import_string(path)() for path in settings.PUBLISH_AUTHENTICATION]

    @operation(
        "find_new_crate",
        "crates",
        "Read a crate of the name `new`",
        parameters=[INCLUDE],
        answer=FIND_CRATE,
    )
    def get(self, request: Request) -> Response:
        """A crate may have the name that publishes go to."""
        return CrateDetail().get(request, "new")

    @operation(
        "publish",
        "publish",
        "Publish a new version",
        auth=PUBLISHERS,
        body=OpenApiTypes.BINARY,
        body_type="application/octet-stream",
        answer=answer("Publish", crate=CrateShape(), warnings=PublishWarningsShape()),
    )
    def put(self, request: HttpRequest) -> HttpResponse:
        user, auth = self._credentials(request)
        if not request.META.get("CONTENT_LENGTH"):
            raise LengthRequired
        version = publish(
            actor=acting(user, auth),
            stream=cast(BinaryIO, request),
            user_agent=request.headers.get("User-Agent", ""),
        )
        body = {
            "crate": crate_json(version.crate),
            "warnings": {"invalid_categories": [], "invalid_badges": [], "other": []},
        }
        return HttpResponse(JSONRenderer().render(body), content_type="application/json")

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """A publish past the framework, of which it needs nothing.

        A refusal becomes JSON in the middleware as well.
        """
        if request.method == "PUT":
            return self.put(request)
        return super().dispatch(request, *args, **kwargs)

    def _credentials(self, request: HttpRequest) -> tuple[object, object]:
        """User and token, as the framework would find them; None and None of nobody."""
        found = (one.authenticate(request) for one in self.get_authenticators())
        return next(filter(None, found), (None, None))


def quickly(request: HttpRequest) -> HttpResponse | None:
    """The answer to a publish (accounts.shortcuts); None to anything else."""
    return Publish().put(request) if request.method == "PUT" else None
