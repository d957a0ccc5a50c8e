"""What waits for moderators, of all apps."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.conf import settings
from django.utils.module_loading import import_string

from accounts.models import Suspicion


@dataclass(frozen=True, slots=True)
class Queue:
    """`list` is the list in the admin as app and model, `query` what to show of it."""

    title: str
    count: int
    list: str
    query: str = ""


def waiting() -> list[Queue]:
    """The queues of every app, in the order of the settings."""
    found: list[Queue] = []
    for path in settings.MODERATION_QUEUES:
        queues: Iterable[Queue] = import_string(path)()
        found += queues
    return found


def own_queues() -> list[Queue]:
    return [Queue("Suspicious patterns", Suspicion.objects.waiting().count(), "accounts_suspicion")]
