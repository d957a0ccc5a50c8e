"""GET …/readme, and the rendered page that it leads to."""

from urllib.parse import quote

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase, HttpResponseRedirect
from django.views.decorators.csrf import csrf_exempt

from accounts.errors import NotFound, WrongMethod
from registry.api.requests import version_of
from registry.queries.lookup import crate_named, version_numbered
from registry.queries.readme import readme_of


@csrf_exempt
def readme(request: HttpRequest, name: str, num: str) -> HttpResponseBase:
    """Where the rendered readme lies: a redirect, or the address for who asks for JSON."""
    _require_read(request)
    crate = version_of(name, num).crate
    # A plus in a path is read as a blank by some.
    address = f"{settings.PUBLIC_URL}/readmes/{crate.name}/{crate.name}-{quote(num)}.html"
    if "json" in request.headers.get("Accept", ""):
        return JsonResponse({"url": address}, headers={"Vary": "Accept"})
    return HttpResponseRedirect(address, headers={"Vary": "Accept"})


def rendered_readme(request: HttpRequest, name: str, file: str) -> HttpResponse:
    """The readme as sanitised HTML without a page around it."""
    _require_read(request)
    crate = crate_named(name)
    start = f"{crate.name}-"
    if not file.startswith(start):
        raise NotFound
    html = readme_of(version_numbered(crate, file.removeprefix(start)))
    if not html:
        raise NotFound(f"`{file[:200]}` has no readme")
    return HttpResponse(html, content_type="text/html; charset=utf-8")


def _require_read(request: HttpRequest) -> None:
    # Django's own decorator would answer without a body, and this is the API.
    if request.method not in ("GET", "HEAD"):
        raise WrongMethod(request.method)
