"""GET /api/v1/trusted_publishing/audience, for clients without a hard-coded value (a.1)."""

from django.conf import settings
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from trustpub.models import Issuer


class Audience(APIView):
    authentication_classes = ()

    @extend_schema(operation_id="get_trustpub_audience", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request) -> Response:
        issuers = list(Issuer.objects.enabled().values_list("provider", "url"))
        return Response(
            {
                "audience": settings.AUDIENCES[0],
                "providers": sorted({provider for provider, _ in issuers}),
                "issuers": [url for _, url in issuers],
            }
        )
