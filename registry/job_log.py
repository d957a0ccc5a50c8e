"""Where Celery tells of every job that the clock sends or the worker ends."""

import time
from datetime import datetime
from typing import Any

from celery import signals, states
from django.db import close_old_connections, connection
from django.utils import timezone

from registry.operations.job_runs import note_finished, note_sent
from registry.queries.timetable import jobs

# By the id of the run: when it began, by the calendar and by a clock that never jumps.
_running: dict[str, tuple[datetime, float]] = {}


def connect() -> None:
    """The handlers live as long as this module, whose functions they are."""
    signals.before_task_publish.connect(_sent)
    signals.task_prerun.connect(_started)
    signals.task_postrun.connect(_ended)


def _sent(sender: str, **kwargs: Any) -> None:
    if sender in jobs():
        # The clock has no requests or tasks around it that would drop a connection which broke.
        if not connection.in_atomic_block:
            close_old_connections()
        note_sent(sender)


def _started(task_id: str, **kwargs: Any) -> None:
    _running[task_id] = (timezone.now(), time.monotonic())


def _ended(task_id: str, task: Any, retval: object, state: str, **kwargs: Any) -> None:
    started_at, clock = _running.pop(task_id, (timezone.now(), time.monotonic()))
    succeeded = state == states.SUCCESS
    # Of an error only its kind: the text may repeat an address with a password.
    result = ("" if retval is None else str(retval)) if succeeded else type(retval).__name__
    note_finished(
        task.name,
        started_at=started_at,
        seconds=time.monotonic() - clock,
        succeeded=succeeded,
        result=result,
    )
