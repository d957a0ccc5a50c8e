"""The OpenAPI document, as plain JSON."""

from drf_spectacular.renderers import OpenApiJsonRenderer
from drf_spectacular.views import SpectacularJSONAPIView


class PlainJsonRenderer(OpenApiJsonRenderer):
    """Under the content type that every client understands."""

    media_type = "application/json"


class OpenApi(SpectacularJSONAPIView):
    renderer_classes = [PlainJsonRenderer]
    authentication_classes = ()
