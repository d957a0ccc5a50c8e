"""PUT /api/v1/crates/new."""

from typing import BinaryIO, cast

from django.conf import settings
from django.utils.module_loading import import_string
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from registry.api.crates import CrateDetail
from registry.api.rendering import crate_json
from registry.api.requests import actor_of
from registry.errors import LengthRequired
from registry.operations.publish import publish


class Publish(APIView):
    """Takes the frame that cargo sends; a token of a person or of a CI job, never a cookie."""

    parser_classes = ()

    def get_authenticators(self) -> list[object]:  # type: ignore[override]
        return [import_string(path)() for path in settings.PUBLISH_AUTHENTICATION]

    @extend_schema(exclude=True)
    def get(self, request: Request) -> Response:
        """A crate may have the name that publishes go to."""
        return CrateDetail().get(request, "new")

    @extend_schema(
        operation_id="publish",
        summary="Publish a new version",
        request={"application/octet-stream": OpenApiTypes.BINARY},
        responses=OpenApiTypes.OBJECT,
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
