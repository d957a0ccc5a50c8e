"""GET …/download where no plain file will do; see registry.api.index."""

from http import HTTPStatus

from django.conf import settings
from django.http import (
    FileResponse,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseRedirect,
    JsonResponse,
)
from django.utils.cache import get_conditional_response
from django.views.decorators.csrf import csrf_exempt

from accounts.errors import WrongMethod
from registry import storage
from registry.api.requests import version_of
from registry.formats.access_log import counts
from registry.formats.byte_range import RangeNotSatisfiable, asked_range
from registry.models import Version
from registry.operations.count_downloads import note_download


@csrf_exempt
def download(request: HttpRequest, name: str, num: str) -> HttpResponseBase:
    """The archive, or a redirect to where the storage serves it.

    Asked for in another spelling, redirects to the stored one.
    """
    # Django's own decorator would answer without a body, and this is the API.
    if request.method not in ("GET", "HEAD"):
        raise WrongMethod(request.method)
    version = version_of(name, num)
    crate = version.crate
    here = f"{settings.PUBLIC_URL}/api/v1/crates/{crate.name}/{num}/download"
    if "json" in request.headers.get("Accept", ""):
        return JsonResponse({"url": here}, headers={"Vary": "Accept"})
    if crate.name != name:
        return HttpResponseRedirect(here)
    key = storage.archive_key(crate.name, num)
    if address := storage.objects().download_url(key):
        # The redirect is the last that we see of a download.
        _note(request, crate.name, num)
        return HttpResponseRedirect(address, headers={"Cache-Control": "no-store"})
    answer = _file(request, key, version)
    if answer.status_code == HTTPStatus.OK:
        _note(request, crate.name, num)
    return answer


def _note(request: HttpRequest, name: str, num: str) -> None:
    if counts(request.method or "", HTTPStatus.OK, request.headers.get("User-Agent")):
        note_download(name, num)


def _file(request: HttpRequest, key: str, version: Version) -> HttpResponseBase:
    """The whole of it, the part that was asked for, or that the client has it already."""
    etag = f'"{version.checksum}"'
    headers = {"ETag": etag, "Cache-Control": _cache_control(), "Accept-Ranges": "bytes"}
    if unchanged := get_conditional_response(request, etag=etag):
        for name, value in headers.items():
            unchanged[name] = value
        return unchanged
    try:
        part = asked_range(
            request.headers.get("Range") if request.method == "GET" else None,
            version.size,
            if_range=request.headers.get("If-Range"),
            etag=etag,
        )
    except RangeNotSatisfiable:
        nothing = {"Content-Range": f"bytes */{version.size}"}
        return HttpResponse(status=HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, headers=nothing)
    file = storage.objects().open_read(key)
    if part is None:
        return FileResponse(file, content_type=storage.ARCHIVE_TYPE, headers=headers)
    with file:
        file.seek(part.first)
        return HttpResponse(
            file.read(part.length),
            status=HTTPStatus.PARTIAL_CONTENT,
            content_type=storage.ARCHIVE_TYPE,
            headers={**headers, "Content-Range": str(part)},
        )


def _cache_control() -> str:
    if settings.AUTH_REQUIRED:
        return "private, max-age=31536000, immutable"
    return storage.ARCHIVE_CACHE_CONTROL
