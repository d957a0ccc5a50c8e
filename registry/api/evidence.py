"""How much is known of where versions came from: of one crate, and of all in one file."""

from django.conf import settings
from django.http import FileResponse, HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.utils.cache import get_conditional_response
from django.utils.http import http_date
from django.views.decorators.csrf import csrf_exempt
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.errors import NotFound, WrongMethod
from registry import storage
from registry.api.describe import operation
from registry.api.shapes import CrateEvidenceShape, answer
from registry.queries.evidence import evidence_of
from registry.queries.lookup import crate_named


class CrateEvidenceView(APIView):
    @operation(
        "get_crate_evidence",
        "crates",
        "Read the evidence of a crate's versions, and by release line",
        answer=answer("CrateEvidenceAnswer", evidence=CrateEvidenceShape()),
    )
    def get(self, request: Request, name: str) -> Response:
        return Response({"evidence": evidence_of(crate_named(name)).as_dict()})


@csrf_exempt
def evidence_file(request: HttpRequest) -> HttpResponseBase:
    """As the worker wrote it last; a redirect where the storage serves files itself."""
    if request.method not in ("GET", "HEAD"):
        raise WrongMethod(request.method)
    objects = storage.objects()
    try:
        written = int(objects.modified_at(storage.EVIDENCE_KEY).timestamp())
    except FileNotFoundError:
        raise NotFound("the file is written within a day after the registry began") from None
    if address := objects.download_url(storage.EVIDENCE_KEY):
        return HttpResponseRedirect(address, headers={"Cache-Control": "no-store"})
    if unchanged := get_conditional_response(request, last_modified=written):
        return unchanged
    sharing = "private" if settings.AUTH_REQUIRED else "public"
    return FileResponse(
        objects.open_read(storage.EVIDENCE_KEY),
        content_type=storage.ARCHIVE_TYPE,
        headers={
            "Last-Modified": http_date(written),
            "Cache-Control": f"{sharing}, max-age=300",
        },
    )
