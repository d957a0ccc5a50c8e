"""Checks of what happens outside of requests: queue, worker, clock, jobs and letters."""

from collections.abc import Iterator
from typing import Any

from celery import current_app
from django.conf import settings
from django.core.mail import get_connection
from django.utils import timezone
from kombu.exceptions import OperationalError

from registry.models import IndexChange
from registry.operations.checkup.finding import Finding, problem, warning, well
from registry.operations.checkup.machine import is_public
from registry.queries.timetable import clock_is_late, timetable, worker_is_late

LONG_QUEUE = 1000


def queue() -> Iterator[Finding]:
    name = current_app.conf.task_default_queue
    try:
        with current_app.connection_for_write() as broker:
            broker.ensure_connection(max_retries=1, timeout=5)
            channel: Any = broker.default_channel
            waiting = channel.queue_declare(queue=name, durable=True).message_count
    except (OperationalError, OSError):
        yield problem(
            "queue", "it does not answer", "check REDIS_URL, or the rights on $DATA_DIR/queue"
        )
        return
    if waiting > LONG_QUEUE:
        yield warning("queue", f"{waiting} jobs wait", "see whether the worker runs")
    else:
        yield well("queue", f"{waiting} jobs wait")


def worker_and_clock() -> Iterator[Finding]:
    entries = timetable()
    if not any(entry.run for entry in entries):
        yield problem(
            "worker", "no job has ever run here", "start the server, or wait for its first minute"
        )
        return
    for name, late, remedy in (
        ("worker", worker_is_late(entries), "start it: make serve runs one beside the web"),
        ("clock", clock_is_late(entries), "start the worker with --beat, as make serve does"),
    ):
        if late:
            yield problem(name, "silent for more than five minutes", remedy)
        else:
            yield well(name, "alive")


def jobs() -> Iterator[Finding]:
    now = timezone.now()
    for entry in timetable():
        if entry.is_late(now):
            yield problem(
                entry.job, "its last run is too long ago", "see in the worker's log what holds it"
            )
        elif entry.run and entry.run.succeeded is False:
            yield problem(
                entry.job,
                f"its last run failed ({entry.run.result})",
                f"see the log of {entry.run.finished_at:%Y-%m-%d %H:%M:%S} UTC",
            )
    pending = IndexChange.objects.count()
    if pending > LONG_QUEUE:
        yield warning(
            "index", f"{pending} changes wait to be written", "see whether storage can be written"
        )


def mail() -> Iterator[Finding]:
    if not settings.EMAIL_HOST:
        if is_public():
            yield warning(
                "mail",
                f"letters are files in {settings.EMAIL_FILE_PATH}, and nobody gets them",
                "set EMAIL_URL=smtp://user:password@host:587",
            )
        else:
            yield well("mail", f"letters are files in {settings.EMAIL_FILE_PATH}")
        return
    where = f"{settings.EMAIL_HOST}:{settings.EMAIL_PORT}"
    try:
        mailer = get_connection(timeout=10)
        mailer.open()
        mailer.close()
    except OSError as error:
        yield problem("mail", f"{where}: {type(error).__name__}", "check EMAIL_URL")
    else:
        yield well("mail", f"{where} takes our letters")
