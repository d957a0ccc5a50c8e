"""Threads that may wait for slow bodies: some, and no client all of them."""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

# Long enough for those in front, whose bodies are there already.
SECONDS_FOR_A_SEAT = 0.25


class NobodyToWait(BlockingIOError):
    """As many threads as may are waiting for slow bodies; our handlers of errors make a 503 of it.

    Not of this request, which may have sent all of its own."""


class Seats:
    """Half of them, at least one, are as many as one client's bodies may hold."""

    def __init__(self, number: int) -> None:
        self._free = number
        self._share = max(1, number // 2)
        self._held: Counter[str] = Counter()
        self._changed = threading.Condition()

    @contextmanager
    def taken_by(self, client: str) -> Iterator[None]:
        """Raises NobodyToWait."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._is_one_for(client), SECONDS_FOR_A_SEAT):
                raise NobodyToWait("too many bodies come too slowly")
            self._free -= 1
            self._held[client] += 1
        try:
            yield
        finally:
            with self._changed:
                self._free += 1
                self._held[client] -= 1
                if not self._held[client]:
                    del self._held[client]
                self._changed.notify_all()

    def _is_one_for(self, client: str) -> bool:
        return self._free > 0 and self._held[client] < self._share
