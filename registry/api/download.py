"""GET …/download where no plain file will do; see registry.api.index."""

from django.conf import settings
from django.http import (
    FileResponse,
    HttpRequest,
    HttpResponseBase,
    HttpResponseRedirect,
    JsonResponse,
)
from django.views.decorators.csrf import csrf_exempt

from accounts.errors import WrongMethod
from registry import storage
from registry.api.requests import version_of
from registry.formats.access_log import counts
from registry.operations.count_downloads import note_download


@csrf_exempt
def download(request: HttpRequest, name: str, num: str) -> HttpResponseBase:
    """The archive, or a redirect to where the storage serves it.

    Asked for in another spelling, redirects to the stored one.
    """
    # Django's own decorator would answer without a body, and this is the API.
    if request.method not in ("GET", "HEAD"):
        raise WrongMethod(request.method)
    crate = version_of(name, num).crate
    here = f"{settings.PUBLIC_URL}/api/v1/crates/{crate.name}/{num}/download"
    if "json" in request.headers.get("Accept", ""):
        return JsonResponse({"url": here}, headers={"Vary": "Accept"})
    if crate.name != name:
        return HttpResponseRedirect(here)
    # A redirect to S3 is the last that we see of a download.
    if counts(request.method, 200, request.headers.get("User-Agent")):
        note_download(crate.name, num)
    key = storage.archive_key(crate.name, num)
    if address := storage.objects().download_url(key):
        return HttpResponseRedirect(address, headers={"Cache-Control": "no-store"})
    return FileResponse(
        storage.objects().open_read(key),
        content_type=storage.ARCHIVE_TYPE,
        headers={"Cache-Control": _cache_control()},
    )


def _cache_control() -> str:
    if settings.AUTH_REQUIRED:
        return "private, max-age=31536000, immutable"
    return storage.ARCHIVE_CACHE_CONTROL
