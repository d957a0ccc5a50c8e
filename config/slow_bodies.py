"""Ends requests whose body comes too slowly: granian would wait for one for ever, with a thread.

A thread that waits inside granian cannot be interrupted, and WSGI does not say which connection it
waits for. So a watchdog shuts, for reading, every connection of this process that a body could
be stuck on: nothing was sent on it for the whole time limit, and hardly anything arrives. The read
then ends, and the client still gets an answer. That takes facts that only Linux tells.
"""

import os
import socket
import struct
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from config.seats import Seats

# Slower than any link that somebody publishes over; the limit for 10 MiB is 23 minutes.
SLOWEST = 8 * 1024  # bytes per second
# Over which time the watchdog measures how much arrives.
WINDOW_SECONDS = 5.0
# Linux, struct tcp_info: milliseconds since data was last sent, and all bytes that ever came.
LAST_DATA_SENT, BYTES_RECEIVED = struct.Struct("=44xI"), struct.Struct("=128xQ")

# Whoever uploads was asked for a token before, and may have a slow line.
UPLOADS = "/api/v1/crates/"

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class BodyTooSlow(TimeoutError):
    """Not all of it came in time; our handlers of errors make a 408 of it."""


class SlowBodies:
    """A WSGI application around another one, for a server that listens on `port`.

    A body may take `timeout` seconds, and longer as it brings SLOWEST bytes for each of them. At
    most `waiters` threads wait for bodies that are no uploads, some of them for those of one
    client, whom `client_of` names.
    """

    def __init__(
        self,
        inner: Application,
        *,
        port: int,
        timeout: float,
        waiters: int,
        client_of: Callable[[dict[str, Any]], str],
        window: float = WINDOW_SECONDS,
    ) -> None:
        self.inner = inner
        self.timeout = timeout
        self._client_of = client_of
        self._seats = Seats(waiters)
        self._watchdog = Watchdog(port=port, timeout=timeout, window=window)

    def __call__(
        self, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        text = environ.get("CONTENT_LENGTH") or "0"
        length = int(text) if text.isascii() and text.isdigit() else 0
        is_upload = environ.get("PATH_INFO", "").startswith(UPLOADS)
        seat = None if is_upload else lambda: self._seats.taken_by(self._client_of(environ))
        body = LimitedBody(environ["wsgi.input"], length, self._watchdog, self.timeout, seat)
        return self.inner({**environ, "wsgi.input": body}, start_response)


class LimitedBody:
    """`wsgi.input` with a time limit, counted from the first read; raises BodyTooSlow.

    Also where it ends before its length: half of a form must not be taken for a whole one. Raises
    NobodyToWait while it gets no `seat`.
    """

    def __init__(
        self,
        inner: Any,
        length: int,
        watchdog: "Watchdog",
        timeout: float,
        seat: Callable[[], AbstractContextManager[None]] | None = None,
    ) -> None:
        self._inner = inner
        self._seat = seat or nullcontext
        self._length = length
        self._watchdog = watchdog
        self._timeout = timeout
        self._began: float | None = None
        self._received = 0

    def read(self, size: int = -1) -> bytes:
        data = self._timed(self._inner.read, size)
        if size < 0 or len(data) < size:
            self._check_whole()
        return data

    def readline(self, size: int = -1) -> bytes:
        data = self._timed(self._inner.readline, size)
        if not data and size:
            self._check_whole()
        return data

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.readline, b"")

    def _timed(self, read: Callable[..., bytes], size: int) -> bytes:
        if self._began is None:
            self._began = time.monotonic()
        with self._seat(), self._watchdog.waiting(self._deadline(self._began)):
            # Granian's own takes no negative size for "everything".
            data = read() if size < 0 else read(size)
        self._received += len(data)
        if time.monotonic() > self._deadline(self._began):
            raise BodyTooSlow("the request's body came too slowly")
        return data

    def _deadline(self, began: float) -> float:
        return began + self._timeout + self._received / SLOWEST

    def _check_whole(self) -> None:
        if self._received < self._length:
            raise BodyTooSlow("the request's body ended early")


class Watchdog:
    """Sleeps until a read is overdue, which in most processes is never."""

    def __init__(self, *, port: int, timeout: float, window: float) -> None:
        self._port = port
        self._timeout = timeout
        self._window = window
        self._deadlines: dict[object, float] = {}
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    @contextmanager
    def waiting(self, deadline: float) -> Iterator[None]:
        """While a read is under way that should be over at the deadline."""
        key = object()
        with self._lock:
            self._deadlines[key] = deadline
            if self._thread is None and sys.platform == "linux":
                # Not before there is a body, so that a process may still fork until then.
                self._thread = threading.Thread(target=self._watch, name="bodies", daemon=True)
                self._thread.start()
        try:
            yield
        finally:
            with self._lock:
                del self._deadlines[key]

    def _watch(self) -> None:
        seen: dict[Connection, int] = {}
        while True:
            time.sleep(self._window)
            with self._lock:
                is_overdue = any(d < time.monotonic() for d in self._deadlines.values())
            seen = self._cut_slow_ones(seen) if is_overdue else {}

    def _cut_slow_ones(self, before: "dict[Connection, int]") -> "dict[Connection, int]":
        """Shuts what was silent before and got no faster; answers what has come on the others."""
        now = {}
        for connection, received in silent_connections(self._port, self._timeout):
            if received - before.get(connection, -sys.maxsize) < SLOWEST * self._window:
                connection.stop_reading()
            else:
                now[connection] = received
        return now


@dataclass(frozen=True, slots=True)
class Connection:
    """One of this process; the same number and peer may be another connection later."""

    number: int
    peer: object

    def stop_reading(self) -> None:
        with _socket(self.number) as found, suppress(OSError):
            if found and found.getpeername() == self.peer:
                found.shutdown(socket.SHUT_RD)


def silent_connections(port: int, seconds: float) -> Iterator[tuple[Connection, int]]:
    """Those to our port on which nothing was sent for so long, and how much ever came on each."""
    for path in Path("/proc/self/fd").iterdir():
        with _socket(int(path.name)) as found, suppress(OSError, struct.error):
            if found is None or found.getsockname()[1] != port:
                continue
            peer = found.getpeername()
            facts = found.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 256)
            if LAST_DATA_SENT.unpack_from(facts)[0] >= seconds * 1000:
                yield Connection(int(path.name), peer), BYTES_RECEIVED.unpack_from(facts)[0]


@contextmanager
def _socket(number: int) -> Iterator[socket.socket | None]:
    """A socket object of its own for a file of this process; None if it is no TCP connection."""
    try:
        copy = os.dup(number)
    except OSError:
        yield None
        return
    try:
        found = socket.socket(fileno=copy)
    except OSError:
        # What is no socket does not become one, and the copy would stay open.
        os.close(copy)
        yield None
        return
    with found:
        is_tcp = found.family in (socket.AF_INET, socket.AF_INET6)
        yield found if is_tcp and found.type == socket.SOCK_STREAM else None
