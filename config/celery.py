"""The worker, and the timetable of everything that happens on the clock."""

import os

from celery import Celery
from kombu.transport import TRANSPORT_ALIASES

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

# The queue without a server: `files://` in CELERY_BROKER_URL.
TRANSPORT_ALIASES["files"] = "adapters.file_queue:Transport"

app = Celery("waybill")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
