"""The worker, and the timetable of everything that happens on the clock."""

import os
import sys

from celery import Celery, Task, signals
from django.db import close_old_connections
from kombu.transport import TRANSPORT_ALIASES

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

# The queue without a server: `files://` in CELERY_BROKER_URL.
TRANSPORT_ALIASES["files"] = "adapters.file_queue:Transport"

app = Celery("waybill")
app.config_from_object("django.conf:settings", namespace="CELERY")
# Celery would close the connections to the database before and after each job, and to open one
# anew costs PostgreSQL more than most jobs do. It looks the name up as it stands here.
app.conf["CELERY_DB_REUSE_MAX"] = sys.maxsize
app.autodiscover_tasks()


@signals.task_prerun.connect
def _drop_broken_connections(task: "Task[..., object]", **_: object) -> None:
    """As before each request; a job that runs at once belongs to one."""
    if not task.request.is_eager:
        close_old_connections()
