"""PUT /api/v1/crates/new."""

from typing import BinaryIO, cast

from django.conf import settings
from django.utils.module_loading import import_string
from drf_spectacular.types import OpenApiTypes
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from registry.api.crates import FIND_CRATE, INCLUDE, CrateDetail
from registry.api.describe import PUBLISHERS, operation
from registry.api.rendering import crate_json
from registry.api.requests import actor_of
from registry.api.shapes import CrateShape, PublishWarningsShape, answer
from registry.errors import LengthRequired
from registry.operations.publish import publish


class Publish(APIView):
    """Takes the frame that cargo sends; a token of a person or of a CI job, never a cookie."""

    parser_classes = ()

    def get_authenticators(self) -> list[object]:  # type: ignore[override]
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
    def put(self, request: Request) -> Response:
        if not request.META.get("CONTENT_LENGTH"):
            raise LengthRequired
        version = publish(
            actor=actor_of(request),
            stream=cast(BinaryIO, request._request),
            user_agent=request.headers.get("User-Agent", ""),
        )
        return Response(
            {
                "crate": crate_json(version.crate),
                "warnings": {"invalid_categories": [], "invalid_badges": [], "other": []},
            }
        )
