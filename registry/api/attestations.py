"""/api/v1/crates/{name}/{version}/attestations (trusted-publishing f.4)."""

import hashlib
import json

from django.conf import settings
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import get_conditional_response
from django.utils.module_loading import import_string
from rest_framework.request import Request
from rest_framework.serializers import ListField
from rest_framework.views import APIView

from accounts.errors import NotFound
from registry.api.bodies import ATTESTATIONS
from registry.api.describe import CI_TOKEN, JSON, operation
from registry.api.rendering import attestation_json
from registry.api.requests import actor_of
from registry.api.shapes import AnyObject, AttestationShape, answer
from registry.errors import LengthRequired, UploadTooLarge
from registry.formats.attestation import MAX_UPLOAD_BYTES
from registry.models import Version
from registry.operations.attest import attest
from registry.queries.lookup import version_not_hidden

ANSWER = answer(
    "Attestations",
    attestations=ListField(child=AnyObject(), help_text="Sigstore bundles, as they were sent"),
    verifications=AttestationShape(many=True, help_text="of each, in the same order"),
)


class VersionAttestations(APIView):
    """Bundles go in and out as they are: nobody but their signer may change a byte."""

    parser_classes = ()

    def get_authenticators(self) -> list[object]:  # type: ignore[override]
        return [import_string(path)() for path in settings.PUBLISH_AUTHENTICATION]

    @operation(
        "get_version_attestations",
        "versions",
        "Read the attestations of a version",
        answer=ANSWER,
    )
    def get(self, request: Request, name: str, num: str) -> HttpResponseBase:
        version = version_not_hidden(name, num)
        body = _body(version)
        if body is None:
            raise NotFound(f"{version} has no attestations")
        etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
        sharing = "private" if settings.AUTH_REQUIRED else "public"
        headers = {"ETag": etag, "Cache-Control": f"{sharing}, no-cache"}
        response = HttpResponse(body, content_type=JSON, headers=headers)
        found = get_conditional_response(request._request, etag=etag, response=response)
        return found or response

    @operation(
        "put_version_attestations",
        "publish",
        "Add attestations to a version that the same publish token published",
        auth=CI_TOKEN,
        body=ATTESTATIONS,
        answer=ANSWER,
    )
    def put(self, request: Request, name: str, num: str) -> HttpResponseBase:
        length = request.META.get("CONTENT_LENGTH")
        if not length or not length.isdigit():
            raise LengthRequired
        if int(length) > MAX_UPLOAD_BYTES:
            raise UploadTooLarge(f"attestations may have {MAX_UPLOAD_BYTES} bytes together")
        actor = actor_of(request)
        version = version_not_hidden(name, num)
        attest(actor=actor, version=version, body=request._request.read(MAX_UPLOAD_BYTES + 1))
        body = _body(version)
        assert body is not None
        return HttpResponse(body, content_type=JSON)


def _body(version: Version) -> bytes | None:
    found = list(version.attestations.order_by("pk"))
    if not found:
        return None
    bundles = b",".join(bytes(attestation.bundle) for attestation in found)
    verifications = json.dumps([attestation_json(attestation) for attestation in found])
    return b'{"attestations":[%s],"verifications":%s}\n' % (bundles, verifications.encode())
