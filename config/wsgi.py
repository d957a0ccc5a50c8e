"""The web process: files in front, Django behind."""

import os
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
_django = get_wsgi_application()

# After Django is set up, because these use its settings.
from accounts.client_address import client_address, limited_as  # noqa: E402
from config.front import Front  # noqa: E402
from config.slow_bodies import SlowBodies  # noqa: E402
from registry import storage  # noqa: E402
from registry.api.index import config_json  # noqa: E402
from registry.operations.count_downloads import note_download  # noqa: E402

# A broken page stops the start here, not the first visitor; and nobody waits for the imports.
get_resolver().url_patterns  # noqa: B018


def client_of(environ: dict[str, Any]) -> str:
    """Whose request it is, as limits count."""
    peer, forwarded = environ.get("REMOTE_ADDR", ""), environ.get("HTTP_X_FORWARDED_FOR", "")
    return limited_as(client_address(peer, forwarded, settings.TRUSTED_PROXIES))


_index = storage.objects().local_path("index")
_open = _index is not None and not settings.AUTH_REQUIRED
application = Front(
    SlowBodies(
        _django,
        port=settings.PORT,
        timeout=settings.BODY_TIMEOUT,
        waiters=settings.BODY_WAITERS,
        client_of=client_of,
    ),
    static=Path(settings.STATIC_ROOT),
    objects=_index.parent if _index and _open else None,
    config=config_json() if _open else None,
    note_download=note_download,
)
