"""Bodies that come too slowly, or not at all, hold no thread of the web process for ever."""

import io
import json
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from config.seats import NobodyToWait, Seats
from config.slow_bodies import (
    BodyTooSlow,
    LimitedBody,
    SlowBodies,
    Watchdog,
    silent_connections,
)
from tests.server import Server

only_linux = pytest.mark.skipif(sys.platform != "linux", reason="Linux tells about connections")
PUBLISH = "PUT /api/v1/crates/new"
HEAD = "{verb} HTTP/1.1\r\nHost: test\r\nContent-Length: 1000\r\n{more}\r\n"


class Tank:
    """A connection's two ends, and a body that is read from the server's end."""

    def __init__(self, timeout: float) -> None:
        self.timeout = timeout
        with socket.create_server(("127.0.0.1", 0)) as listening:
            self.port = listening.getsockname()[1]
            self.client, self.server = connected(listening)
            self.other_client, self.other_server = connected(listening)

    def read(self) -> bytes:
        """What an application that wants all of it gets."""
        found: list[bytes] = []

        def application(environ: dict[str, Any], start_response: object) -> list[bytes]:
            found.append(environ["wsgi.input"].read())
            return []

        around = SlowBodies(
            application,
            port=self.port,
            timeout=self.timeout,
            waiters=1,
            client_of=lambda _: "",
            window=0.1,
        )
        around({"wsgi.input": self.server.makefile("rb")}, print)
        return found[0]


def connected(listening: socket.socket) -> tuple[socket.socket, socket.socket]:
    client = socket.create_connection(listening.getsockname(), timeout=100)
    return client, listening.accept()[0]


@contextmanager
def again_and_again(to: socket.socket) -> Iterator[None]:
    """Sends a byte every few milliseconds meanwhile."""
    ended = threading.Event()

    def send() -> None:
        while not ended.wait(0.02):
            to.sendall(b"x")

    sender = threading.Thread(target=send)
    sender.start()
    try:
        yield
    finally:
        ended.set()
        sender.join()


@pytest.fixture
def tank() -> Iterator[Tank]:
    tank = Tank(timeout=1)
    with tank.client, tank.server, tank.other_client, tank.other_server:
        yield tank


@only_linux
def test_a_body_that_stops_coming_is_cut_off(tank: Tank) -> None:
    tank.client.sendall(b"half of ")
    began = time.monotonic()

    with pytest.raises(BodyTooSlow):
        tank.read()

    assert 1 <= time.monotonic() - began < 30
    # Only reading has ended: the client gets its answer.
    tank.server.sendall(b"408")
    assert tank.client.recv(10) == b"408"


@only_linux
def test_a_body_that_trickles_is_cut_off(tank: Tank) -> None:
    with again_and_again(tank.client), pytest.raises(BodyTooSlow):
        tank.read()


@only_linux
def test_a_connection_that_is_being_served_stays(tank: Tank) -> None:
    with again_and_again(tank.other_server), pytest.raises(BodyTooSlow):
        tank.read()

    tank.other_client.sendall(b"next request")
    assert tank.other_server.recv(100) == b"next request"


@only_linux
def test_looking_for_connections_leaves_no_copy_of_other_files_open(
    tank: Tank, tmp_path: Path
) -> None:
    path = tmp_path / "file"
    with path.open("wb"):
        assert [found.peer for found, _ in silent_connections(tank.port, 0)]

        assert list(_open_files()).count(path.resolve()) == 1


def _open_files() -> Iterator[Path]:
    for number in Path("/proc/self/fd").iterdir():
        # Threads that earlier tests left may close one of theirs at any moment.
        with suppress(FileNotFoundError):
            yield number.readlink()


def limited(inner: io.BytesIO, length: int, timeout: float = 9) -> LimitedBody:
    return LimitedBody(inner, length, Watchdog(port=1, timeout=9, window=9), timeout)


def test_a_body_in_time_is_read_as_it_is() -> None:
    body = limited(io.BytesIO(b"one\ntwo\nthree"), 13)

    assert body.read(2) == b"on"
    assert body.readline() == b"e\n"
    assert list(body) == [b"two\n", b"three"]
    assert body.read() == b""


def test_a_large_body_may_take_longer() -> None:
    # The limit is over from the start, but the bytes are worth more than a minute.
    body = limited(io.BytesIO(b"x" * 600_000), 600_000, timeout=0)

    assert len(body.read(500_000)) == 500_000
    assert len(body.read()) == 100_000


def test_what_came_late_and_is_little_does_not_count() -> None:
    with pytest.raises(BodyTooSlow):
        limited(io.BytesIO(b"x" * 100), 100, timeout=-1).read()


@pytest.mark.parametrize("sent", [b"", b"name=Alice&admin", b"one\n"])
@pytest.mark.parametrize("read", [LimitedBody.read, list])
def test_half_a_body_is_none(read: Callable[[LimitedBody], object], sent: bytes) -> None:
    with pytest.raises(BodyTooSlow):
        read(limited(io.BytesIO(sent), 17))


def test_only_some_threads_wait_for_what_is_no_upload() -> None:
    """Whoever uploads was asked for a token, and may have a slow line."""
    began, go_on = threading.Semaphore(0), threading.Event()

    class Body(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            began.release()
            go_on.wait(60)
            return b""

    def application(environ: dict[str, Any], start_response: object) -> list[bytes]:
        return [environ["wsgi.input"].read()]

    around = SlowBodies(application, port=1, timeout=9, waiters=1, client_of=lambda _: "", window=9)

    def ask(path: str) -> threading.Thread:
        environ = {"wsgi.input": Body(), "PATH_INFO": path}
        asking = threading.Thread(target=lambda: around(environ, print))
        asking.start()
        assert began.acquire(timeout=60)
        return asking

    threads = [ask("/api/v1/trusted_publishing/tokens"), ask("/api/v1/crates/new")]
    with pytest.raises(NobodyToWait):
        around({"wsgi.input": io.BytesIO(), "PATH_INFO": "/sign-in"}, print)
    threads.append(ask("/api/v1/crates/new"))
    go_on.set()
    for thread in threads:
        thread.join(60)
    # The seat is free again.
    assert around({"wsgi.input": io.BytesIO(), "PATH_INFO": "/sign-in"}, print) == [b""]


def test_no_client_holds_more_than_half_of_the_seats() -> None:
    seats = Seats(4)

    with seats.taken_by("slow"), seats.taken_by("slow"):
        with pytest.raises(NobodyToWait), seats.taken_by("slow"):
            pass
        with seats.taken_by("a"), seats.taken_by("b"), pytest.raises(NobodyToWait):
            seats.taken_by("c").__enter__()
        with seats.taken_by("c"):
            pass
    with seats.taken_by("slow"), seats.taken_by("slow"):
        pass


def test_a_seat_that_becomes_free_is_taken_at_once() -> None:
    seats, sat = Seats(1), threading.Event()

    def sit() -> None:
        with suppress(NobodyToWait), seats.taken_by("second"):
            sat.set()

    # Nobody waits for more than a moment, in which a busy machine may not come to the first.
    for _ in range(20):
        with seats.taken_by("first"):
            waiting = threading.Thread(target=sit)
            waiting.start()
        waiting.join(60)
        if sat.is_set():
            break
    assert sat.is_set()


# --- The server ---


def opened(server: Server, verb: str = PUBLISH, **headers: str) -> socket.socket:
    """A request whose body does not come."""
    client = socket.create_connection(("127.0.0.1", server.port), timeout=100)
    more = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    client.sendall(HEAD.format(verb=verb, more=more).encode())
    return client


def answer_of(client: socket.socket) -> tuple[int, str]:
    """Status and code of the answer."""
    with client:
        received = b""
        while b'"request_id"' not in received and (more := client.recv(65536)):
            received += more
    head, _, body = received.partition(b"\r\n\r\n")
    return int(head.split()[1]), json.loads(body)["errors"][0]["code"]


@pytest.mark.once
@pytest.mark.slow
def test_who_may_not_publish_is_refused_before_the_body(running_server: Server) -> None:
    assert answer_of(opened(running_server)) == (403, "authentication_required")
    unknown = running_server.manage("shell", "-v0", "-c", NEW_TOKENS).split()
    assert [answer_of(opened(running_server, Authorization=token)) for token in unknown] == [
        (403, "authentication_failed"),
        (403, "invalid_publish_token"),
    ]
    nonsense = opened(running_server, Authorization="nonsense")
    assert answer_of(nonsense) == (401, "malformed_credentials")


NEW_TOKENS = (
    "from accounts.token_text import TokenKind, new_token\n"
    "print(*(new_token('wbl', kind) for kind in TokenKind))"
)
