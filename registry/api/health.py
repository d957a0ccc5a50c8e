"""/healthz and /readyz: whether this process should get requests, and what else is wrong."""

from collections.abc import Callable
from datetime import timedelta

from django.db import connection
from django.http import HttpRequest, JsonResponse
from django.utils import timezone

from registry import storage
from registry.models import IndexChange
from registry.queries.timetable import clock_is_late, timetable, worker_is_late

# The clock sweeps every few seconds; an older row means that no worker is alive.
LATE = timedelta(minutes=5)


def healthz(request: HttpRequest) -> JsonResponse:
    """The process answers."""
    return JsonResponse({"status": "ok"})


def readyz(request: HttpRequest) -> JsonResponse:
    """503 where this process cannot answer requests; names also what others fail to do.

    Without a worker reads and publishes go on. A balancer that took every web process away for it
    would turn late work into an outage (docs/decisions/0018).
    """
    needed = [name for name, check in NEEDED.items() if not _passes(check)]
    # What they ask is in the database.
    elsewhere = [] if needed else [name for name, check in ELSEWHERE.items() if not _passes(check)]
    status = "not ready" if needed else "degraded" if elsewhere else "ok"
    return JsonResponse(
        {"status": status, "problems": needed + elsewhere}, status=503 if needed else 200
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
    late = IndexChange.objects.filter(created_at__lt=timezone.now() - LATE).exists()
    return not (late or worker_is_late(timetable()))


def _clock() -> bool:
    return not clock_is_late(timetable())


NEEDED = {"database": _database, "storage": _storage}
ELSEWHERE = {"worker": _worker, "clock": _clock}
