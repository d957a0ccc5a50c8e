"""Queues a job by name once the transaction has committed."""

import logging

from celery import Task, current_app
from django.db import transaction
from kombu.exceptions import OperationalError
from kombu.utils.uuid import uuid

_log = logging.getLogger(__name__)

# One more try at once, for a pooled connection that the broker has closed meanwhile; a request
# waits for no more than that, because the clock's sweep finds the work in the database.
_RETRY = {"max_retries": 1, "interval_start": 0}


class UnknownTask(LookupError):
    """No task of this name is registered: a misspelling, or a `tasks` module nobody imports."""

    def __init__(self, task_name: str) -> None:
        super().__init__(f"no Celery task is registered as {task_name!r}")


def after_commit(task_name: str, *args: int | str) -> None:
    """Queues the task when the current transaction commits, at once where there is none.

    Raises UnknownTask right away. A broker that is down is logged, never raised: what was
    committed stays, and the periodic sweep does the work later.
    """
    task = current_app.tasks.get(task_name)
    if task is None:
        raise UnknownTask(task_name)
    # No partial: Django names the callable when it logs its failure.
    transaction.on_commit(lambda: _queue(task, args), robust=True)


def _queue(task: "Task[..., object]", args: tuple[int | str, ...]) -> None:
    try:
        if task.app.conf.task_always_eager:
            task.apply_async(args)
        else:
            _send(task, args)
    except (OperationalError, OSError):
        _log.warning("Could not queue %s%r; the next sweep will do it", task.name, args)


def _send(task: "Task[..., object]", args: tuple[int | str, ...]) -> None:
    """The message that Celery sends of a task without options.

    Its own sender looks all of them up, declares the queue and prints the arguments each time,
    which takes five times as long. The worker declares the queue.
    """
    amqp = task.app.amqp
    message = amqp.create_task_message(
        uuid(), task.name, args, argsrepr=repr(args), kwargsrepr="{}"
    )
    with task.app.producer_or_acquire() as producer:
        producer.publish(
            message.body,
            routing_key=amqp.default_queue.name,
            headers=message.headers,
            retry=True,
            retry_policy=_RETRY,
            **message.properties,
        )
