"""Celery's file transport, made fit for processes that may be killed at any moment.

The one in kombu writes in place and reads without a lock: half a message, left by a killed process
or caught by a quick reader, ends the worker.
"""

import fcntl
import logging
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import time_ns
from typing import Any

from kombu.transport import filesystem, virtual
from kombu.utils.json import dumps

logger = logging.getLogger(__name__)


class Channel(filesystem.Channel):
    """Every file appears whole or not at all."""

    # The two classes above do not agree on the arguments.
    def _put(self, queue: str, message: Any, **kwargs: object) -> None:  # type: ignore[override]
        """The names sort by time, so that messages are taken in the order in which they came."""
        name = f"{time_ns():020}_{uuid.uuid4()}.{queue}.msg"
        _replace(f"{self.data_folder_out}/{name}", dumps(message))

    def _get(self, queue: str, timeout: float | None = None) -> dict[str, Any]:
        while True:
            try:
                message: dict[str, Any] = super()._get(queue)
            except ValueError:
                # Taken out of the queue already; the clock's sweeps do what matters anyway.
                logger.warning("a message that cannot be read was dropped from the queue")
            else:
                return message

    def _queue_bind(
        self, exchange: str, routing_key: str | None, pattern: str | None, queue: str | None
    ) -> None:
        file: Path = self._exchange_file(exchange)  # type: ignore[attr-defined]
        bound = [routing_key or "", pattern or "", queue or ""]
        with _locked(self.control_folder):
            table = [list(row) for row in self.get_table(exchange)]
            if bound not in table:
                _replace(file, dumps([bound, *table]))

    def get_table(self, exchange: str) -> list[Any]:
        try:
            table: list[Any] = super().get_table(exchange)
        except ValueError:
            # Half a file from before; the next worker that binds its queue writes it anew.
            return []
        return table


class Transport(filesystem.Transport):
    """Named by the broker's address in config.settings."""

    Channel = Channel
    # Its own, not shared with kombu's transport.
    global_state = virtual.BrokerState()


def _replace(path: str | Path, text: str) -> None:
    folder, name = os.path.split(path)
    # A text, since a Path costs as much as to write the file.
    hidden = f"{folder}/.{name}.{uuid.uuid4()}"
    with open(hidden, "w", encoding="utf-8") as file:  # noqa: PTH123
        file.write(text)
    os.replace(hidden, path)  # noqa: PTH105


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    with (folder / ".lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
