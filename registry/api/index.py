"""The sparse index where no plain file will do: a private registry, or files on S3.

Elsewhere config.front or a web server answers these requests without Django.
"""

import hashlib
import json

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils.cache import get_conditional_response
from django.views.decorators.http import require_safe

from registry import storage
from registry.formats.names import InvalidCrateName, check_crate_name, index_path


def config_json() -> bytes:
    """What cargo asks for first (cargo-client reference, 2)."""
    config: dict[str, object] = {
        "dl": f"{settings.PUBLIC_URL}/api/v1/crates",
        "api": settings.PUBLIC_URL,
    }
    if settings.AUTH_REQUIRED:
        config["auth-required"] = True
    return json.dumps(config).encode()


def name_of_index_path(path: str) -> str | None:
    """The crate whose index file lies there; None if no crate's does, which shuts out `..`."""
    name = path.rpartition("/")[2]
    try:
        check_crate_name(name)
    except InvalidCrateName:
        return None
    return name if index_path(name) == path else None


@require_safe
def config(request: HttpRequest) -> HttpResponse:
    return HttpResponse(config_json(), content_type="application/json")


@require_safe
def index_file(request: HttpRequest, path: str) -> HttpResponseBase:
    name = name_of_index_path(path)
    if name is None:
        return _absent()
    try:
        with storage.objects().open_read(storage.index_key(name)) as file:
            content = file.read()
    except FileNotFoundError:
        return _absent()
    etag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    response = HttpResponse(
        content,
        content_type=storage.INDEX_TYPE,
        headers={"ETag": etag, "Cache-Control": _cache_control()},
    )
    return get_conditional_response(request, etag=etag, response=response) or response


def _cache_control() -> str:
    return "private, no-cache" if settings.AUTH_REQUIRED else storage.INDEX_CACHE_CONTROL


def _absent() -> HttpResponse:
    """The commonest answer of an index: cheap, and not remembered."""
    return HttpResponse(status=404, headers={"Cache-Control": "no-cache"})
