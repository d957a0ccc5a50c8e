"""GET /api/v1/trusted_publishing/audience, for clients without a hard-coded value (a.1)."""

from django.conf import settings
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from registry.api.describe import operation
from registry.api.shapes import answer, text, texts
from trustpub.api.shapes import TAG
from trustpub.models import Issuer


class Audience(APIView):
    authentication_classes = ()

    @operation(
        "get_trustpub_audience",
        TAG,
        "Read what ID tokens must be issued for, and by whom",
        answer=answer("Audience", audience=text(), providers=texts(), issuers=texts()),
    )
    def get(self, request: Request) -> Response:
        issuers = list(Issuer.objects.enabled().for_everybody().values_list("provider", "url"))
        return Response(
            {
                "audience": settings.AUDIENCES[0],
                "providers": sorted({provider for provider, _ in issuers}),
                "issuers": [url for _, url in issuers],
            }
        )
