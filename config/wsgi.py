"""The web process: files in front, Django behind."""

import os
from pathlib import Path

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
_django = get_wsgi_application()

# After Django is set up, because these use its settings.
from config.front import Front  # noqa: E402
from config.slow_bodies import SlowBodies  # noqa: E402
from registry import storage  # noqa: E402
from registry.api.index import config_json  # noqa: E402
from registry.operations.count_downloads import note_download  # noqa: E402

# A broken page stops the start here, not the first visitor; and nobody waits for the imports.
get_resolver().url_patterns  # noqa: B018

_index = storage.objects().local_path("index")
_open = _index is not None and not settings.AUTH_REQUIRED
application = Front(
    SlowBodies(
        _django,
        port=settings.PORT,
        timeout=settings.BODY_TIMEOUT,
        waiters=settings.BODY_WAITERS,
    ),
    static=Path(settings.STATIC_ROOT),
    objects=_index.parent if _index and _open else None,
    config=config_json() if _open else None,
    note_download=note_download,
)
