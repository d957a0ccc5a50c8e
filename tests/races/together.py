"""Starts several callers at one moment, each in a thread with its own database connection."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TypeVar

from django.db import connection

Result = TypeVar("Result")


def at_once(count: int, work: Callable[[int], Result]) -> list[Result]:
    """What `work(0)` to `work(count - 1)` return, in this order."""
    barrier = Barrier(count)

    def run(number: int) -> Result:
        barrier.wait(timeout=100)
        try:
            return work(number)
        finally:
            connection.close()

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(run, range(count)))
