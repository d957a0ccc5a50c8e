"""The cheapest clients that there can be, so that what is measured is the server."""

import os
import select
import socket
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from bench.rows import Turn, p50

CONNECTIONS = 16
TICKS = os.sysconf("SC_CLK_TCK")
BUFFER = 256 * 1024


def request(
    method: str, path: str, headers: Mapping[str, str] | None = None, body: bytes = b""
) -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", "User-Agent: bench"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    if method not in ("GET", "HEAD"):
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode() + body


class Connection:
    """One that is kept open; asks one thing after the other."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def close(self) -> None:
        self._socket.close()

    def ask(self, text: bytes) -> tuple[int, bytes, bytes]:
        """Status, head and body."""
        self._socket.sendall(text)
        got = self._socket.recv(BUFFER)
        while (end := got.find(b"\r\n\r\n")) < 0:
            got += self._more()
        head, body = got[: end + 4], got[end + 4 :]
        status = int(head[9:12])
        length = 0 if status in (204, 304) else int(field(head, "content-length") or 0)
        parts, missing = [body], length - len(body)
        while missing > 0:
            parts.append(self._more())
            missing -= len(parts[-1])
        return status, head, b"".join(parts)

    def expect(self, status: int, text: bytes) -> bytes:
        """The body; raises ValueError for another status."""
        found, head, body = self.ask(text)
        if found != status:
            raise ValueError(f"{status} was expected:\n{head.decode()}{body[:500]!r}")
        return body

    def _more(self) -> bytes:
        got = self._socket.recv(BUFFER)
        if not got:
            raise ConnectionError("the server closed the connection")
        return got


def answers(port: int, status: int, texts: Callable[[], Sequence[bytes]]) -> Turn:
    """A turn of these requests on one connection, one after the other: the median microseconds.

    They are made before the clock runs.
    """

    def turn() -> float:
        made = texts()
        waiting = iter(made)
        connection = Connection(port)
        try:
            return p50(lambda: connection.expect(status, next(waiting)), len(made))()
        finally:
            connection.close()

    return turn


def field(head: bytes, name: str) -> str | None:
    for line in head.decode("latin-1").split("\r\n")[1:]:
        found, _, value = line.partition(":")
        if found.lower() == name:
            return value.strip()
    return None


def processor_time(port: int, text: bytes, pids: Iterable[int], *, requests: int) -> Turn:
    """A turn of so many equal requests on several connections: the servers' microseconds each.

    Of processor time, so neither the client nor another process on the machine counts.
    """
    watched = list(pids)

    def turn() -> float:
        before = _used(watched)
        _flood(port, text, requests)
        return (_used(watched) - before) / requests * 1e6

    return turn


def burned(turn: Turn, times: int, *others: Callable[[], float], own: bool = False) -> Turn:
    """Another measure of a turn: microseconds of processor time for each of its `times` calls.

    That of the clocks in `others`, and with `own` of this process. A busy machine lets everybody
    wait, and whoever needs several processes several times; this figure it leaves alone.
    """

    def clock() -> float:
        return sum(other() for other in others) + (time.process_time() if own else 0)

    def measured() -> float:
        before = clock()
        turn()
        return (clock() - before) / times * 1e6

    return measured


def clock_of(pid: int) -> Callable[[], float]:
    """Seconds of processor time of a process and all that it started, those that ended too."""
    return lambda: _used(family(pid)) + _used_by_ended(pid)


def family(pid: int) -> list[int]:
    """A process and all that it started; what ends meanwhile is left out."""
    found = [pid]
    with suppress(FileNotFoundError, ProcessLookupError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text().split():
                found += family(int(child))
    return found


def web_processes(pid: int) -> list[int]:
    """Those of `make serve` that answer requests; the worker has its own clock."""
    web = [p for p in family(pid) if Path(f"/proc/{p}/comm").read_text().strip() == "waybill-web"]
    return list(dict.fromkeys(p for parent in web for p in family(parent)))


def _used(pids: Iterable[int]) -> float:
    """Seconds, of all their threads; what has ended counts nothing."""
    total = 0.0
    for pid in pids:
        with suppress(OSError):
            total += time.clock_gettime(_processor_clock(pid))
    return total


def _processor_clock(pid: int) -> int:
    """As clock_getcpuclockid(3) makes it, which Python lacks; /proc has hundredths of a second."""
    return (~pid << 3) | 2


def _used_by_ended(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[13]) + int(fields[14])) / TICKS


def _flood(port: int, text: bytes, requests: int) -> None:
    """Raises ValueError unless every answer has the size of the first, whose status is good."""
    probe = Connection(port)
    status, head, body = probe.ask(text)
    probe.close()
    if status not in (200, 304):
        raise ValueError(f"a benchmark's request failed:\n{head.decode()}")
    size = len(head) + len(body)
    poll = select.epoll()
    open_ones: dict[int, socket.socket] = {}
    waiting: dict[int, int] = {}
    asked = done = 0
    while asked < min(CONNECTIONS, requests):
        _open(port, text, poll, open_ones, waiting, size)
        asked += 1
    while done < requests:
        for number, _ in poll.poll(30):
            got = len(open_ones[number].recv(BUFFER))
            if not got:
                # Servers close a connection after some thousand requests.
                _close(number, poll, open_ones, waiting)
                _open(port, text, poll, open_ones, waiting, size)
                continue
            waiting[number] -= got
            if waiting[number] > 0:
                continue
            if waiting[number] < 0:
                raise ValueError("answers differ in size")
            done += 1
            if asked < requests:
                asked += 1
                waiting[number] = size
                open_ones[number].sendall(text)
    for number in list(open_ones):
        _close(number, poll, open_ones, waiting)
    poll.close()


def _open(
    port: int,
    text: bytes,
    poll: select.epoll,
    open_ones: dict[int, socket.socket],
    waiting: dict[int, int],
    size: int,
) -> None:
    found = socket.create_connection(("127.0.0.1", port))
    found.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    open_ones[found.fileno()] = found
    waiting[found.fileno()] = size
    poll.register(found.fileno(), select.EPOLLIN)
    found.sendall(text)


def _close(
    number: int,
    poll: select.epoll,
    open_ones: dict[int, socket.socket],
    waiting: dict[int, int],
) -> None:
    poll.unregister(number)
    open_ones.pop(number).close()
    del waiting[number]
