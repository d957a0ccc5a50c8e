"""/healthz and /readyz."""

from collections.abc import Callable
from datetime import timedelta

from django.db import connection
from django.http import HttpRequest, JsonResponse
from django.utils import timezone

from registry import storage
from registry.models import IndexChange

# The clock sweeps every few seconds; an older row means that no worker is alive.
LATE = timedelta(minutes=5)


def healthz(request: HttpRequest) -> JsonResponse:
    """The process answers."""
    return JsonResponse({"status": "ok"})


def readyz(request: HttpRequest) -> JsonResponse:
    """What the process needs answers too; names what does not."""
    problems = [name for name, check in CHECKS.items() if not _passes(check)]
    return JsonResponse(
        {"status": "not ready" if problems else "ok", "problems": problems},
        status=503 if problems else 200,
    )


def _passes(check: Callable[[], bool]) -> bool:
    try:
        return check()
    except Exception:  # noqa: BLE001 - whatever it is, the check did not pass
        return False


def _database() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        return bool(cursor.fetchone())


def _storage() -> bool:
    # Asking for one object would not notice a folder that is none.
    next(storage.objects().walk("index"), None)
    return True


def _worker() -> bool:
    return not IndexChange.objects.filter(created_at__lt=timezone.now() - LATE).exists()


CHECKS = {"database": _database, "storage": _storage, "worker": _worker}
