"""Outgoing requests: an answer from a checked address, within limits of time and size."""

import http.client
import json
import socket
import ssl
import threading
import time
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from urllib.parse import urlsplit

import urllib3
from urllib3.connection import HTTPConnection

from adapters.addresses import is_loopback, is_public

_PYPROJECT = Path(__file__).parent.parent / "pyproject.toml"
USER_AGENT = f"waybill/{tomllib.loads(_PYPROJECT.read_text())['project']['version']}"

_DEFAULT_PORTS = {"http": 80, "https": 443}
_WORTH_ANOTHER_TRY = frozenset({408, 425, 429, 500, 502, 503, 504})


class OutgoingError(Exception):
    """A request that brought no usable answer.

    `retryable` says whether the same request may succeed later; `status` is the HTTP status
    where there was one. The message names the host and never a secret or a resolved address,
    so it may be shown to whoever suggested the URL.
    """

    def __init__(self, message: str, retryable: bool, status: int | None = None) -> None:
        super().__init__(message)
        self.retryable = retryable
        self.status = status


@dataclass(frozen=True, slots=True)
class JsonAnswer:
    """A 2xx answer; header names are in lower case."""

    status: int
    body: object
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class RawAnswer:
    """An answer of any status, at most as long as was allowed; header names are in lower case."""

    status: int
    content: bytes
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _Target:
    scheme: str
    host: str
    port: int
    authority: str
    path: str


def fetch_json(
    url: str,
    *,
    allow_private: bool = False,
    headers: Mapping[str, str] | None = None,
    max_bytes: int = 256 * 1024,
    connect_timeout: float = 3.0,
    total_timeout: float = 5.0,
    method: str = "GET",
    body: bytes | None = None,
) -> JsonAnswer:
    """Sends one request and reads the answer as JSON, whatever content type it claims.

    The name is resolved once, and the connection goes to the very address that was checked.
    `allow_private` admits addresses of private networks, and plain http to loopback. Times are
    in seconds; `max_bytes` counts after decompression. Raises OutgoingError for everything but
    a 2xx answer with JSON, redirects included (reference: trusted publishing, a.6).
    """
    target = _read_url(url)
    answer = _ask(
        target,
        allow_private=allow_private,
        headers=headers,
        max_bytes=max_bytes,
        connect_timeout=connect_timeout,
        total_timeout=total_timeout,
        method=method,
        body=body,
    )
    _check_status(target, answer.status)
    return JsonAnswer(answer.status, _parse(target, answer.status, answer.content), answer.headers)


def fetch(
    url: str,
    *,
    allow_private: bool = False,
    headers: Mapping[str, str] | None = None,
    max_bytes: int = 256 * 1024,
    connect_timeout: float = 3.0,
    total_timeout: float = 5.0,
) -> RawAnswer:
    """GET like `fetch_json`, for a caller that knows what each status means to it.

    Raises OutgoingError where there is no answer, or one with more than `max_bytes`.
    """
    return _ask(
        _read_url(url),
        allow_private=allow_private,
        headers=headers,
        max_bytes=max_bytes,
        connect_timeout=connect_timeout,
        total_timeout=total_timeout,
    )


def _ask(
    target: _Target,
    *,
    allow_private: bool,
    headers: Mapping[str, str] | None,
    max_bytes: int,
    connect_timeout: float,
    total_timeout: float,
    method: str = "GET",
    body: bytes | None = None,
) -> RawAnswer:
    _check_headers(headers or {})
    started = time.monotonic()
    deadline = started + total_timeout
    connect_deadline = min(deadline, started + connect_timeout)
    sent_headers = {"User-Agent": USER_AGENT, **(headers or {}), "Host": target.authority}
    with _network_errors(target, deadline):
        addresses = _resolve(target, connect_deadline)
        _check_addresses(target, addresses, allow_private)
        with (
            _connect(target, addresses, connect_deadline, deadline) as connected,
            _cut_off(connected, deadline),
        ):
            connection = _connection(target, connected, deadline)
            connection.request(method, target.path, body, sent_headers, preload_content=False)
            with connection.getresponse() as response:
                content = response.read(max_bytes + 1)
        # A connection that was cut off looks like one that ended.
        _remaining(deadline)
    if len(content) > max_bytes and 200 <= response.status < 300:
        raise OutgoingError(
            f"{target.host} answered with more than {max_bytes} bytes", False, response.status
        )
    found = {name.lower(): value for name, value in response.headers.items()}
    return RawAnswer(response.status, content, found)


def _read_url(url: str) -> _Target:
    if not (url.isascii() and url.isprintable()) or " " in url:
        raise OutgoingError("The URL contains characters that a URL may not have", False)
    try:
        parts = urlsplit(url)
        port = parts.port or _DEFAULT_PORTS[parts.scheme]
    except (ValueError, KeyError):
        raise OutgoingError("The URL must start with https:// and a host name", False) from None
    if not parts.hostname or parts.username is not None:
        raise OutgoingError("The URL must have a host name and no user name or password", False)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return _Target(parts.scheme, parts.hostname, port, parts.netloc, path)


def _check_headers(headers: Mapping[str, str]) -> None:
    # http.client would refuse as well, with the value (maybe a token) in its message.
    for name, value in headers.items():
        if not (value.isascii() and value.isprintable()):
            raise OutgoingError(f"The header {name} contains characters HTTP forbids", False)


@contextmanager
def _network_errors(target: _Target, deadline: float) -> Iterator[None]:
    """Turns every failure on the way into an OutgoingError."""
    try:
        yield
    except ssl.SSLCertVerificationError as error:
        raise OutgoingError(
            f"{target.host} shows no TLS certificate for this name that is trusted here", False
        ) from error
    except (OSError, http.client.HTTPException, urllib3.exceptions.HTTPError) as error:
        if isinstance(error, TimeoutError) or time.monotonic() >= deadline:
            raise OutgoingError(f"{target.host} took too long to answer", True) from error
        raise OutgoingError(f"{target.host} cannot be reached or broke off", True) from error


def _remaining(deadline: float) -> float:
    seconds = deadline - time.monotonic()
    if seconds <= 0:
        raise TimeoutError
    return seconds


def _resolve(target: _Target, deadline: float) -> list[str]:
    """The addresses of a host, in the system's order."""
    # The system's resolver has no time limit of its own, so it works in a thread left behind.
    answers: SimpleQueue[list[str]] = SimpleQueue()
    threading.Thread(target=_look_up, args=(target, answers), daemon=True).start()
    try:
        addresses = answers.get(timeout=_remaining(deadline))
    except Empty:
        raise TimeoutError from None
    if not addresses:
        raise OutgoingError(f"The name {target.host} is not known", True)
    return addresses


def _look_up(target: _Target, answers: SimpleQueue[list[str]]) -> None:
    try:
        found = socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        found = []
    answers.put(list(dict.fromkeys(str(address[0]) for *_, address in found)))


def _check_addresses(target: _Target, addresses: list[str], allow_private: bool) -> None:
    if not allow_private and not all(map(is_public, addresses)):
        raise OutgoingError(f"{target.host} is not an address of the public internet", False)
    if target.scheme != "https" and not (allow_private and all(map(is_loopback, addresses))):
        raise OutgoingError(f"{target.host} must be asked by https", False)


def _connect(
    target: _Target, addresses: list[str], connect_deadline: float, deadline: float
) -> socket.socket:
    """A connection to the first address that accepts one, with TLS for https."""
    for position, address in enumerate(addresses, start=1):
        try:
            connected = socket.create_connection(
                (address, target.port), timeout=_remaining(connect_deadline)
            )
            break
        except OSError:
            if position == len(addresses):
                raise
    if target.scheme == "http":
        return connected
    # A socket's time limit counts for the handshake as a whole.
    connected.settimeout(_remaining(deadline))
    with _closed_on_error(connected):
        return ssl.create_default_context().wrap_socket(connected, server_hostname=target.host)


@contextmanager
def _closed_on_error(connected: socket.socket) -> Iterator[None]:
    try:
        yield
    except BaseException:
        connected.close()
        raise


def _connection(target: _Target, connected: socket.socket, deadline: float) -> HTTPConnection:
    """urllib3's reader and writer on our own socket, so that it never looks up a name itself."""
    connection = HTTPConnection(target.host, target.port, timeout=_remaining(deadline))
    connection.sock = connected
    return connection


@contextmanager
def _cut_off(connected: socket.socket, deadline: float) -> Iterator[None]:
    """Ends the connection at the deadline.

    A socket's own time limit starts anew with every byte, so a server that drips bytes would
    hold a worker for hours.
    """
    timer = threading.Timer(_remaining(deadline), _shut_down, [connected])
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _shut_down(connected: socket.socket) -> None:
    with suppress(OSError):
        # Not the TLS socket's own method, which would drop its state under a running read.
        socket.socket.shutdown(connected, socket.SHUT_RDWR)


def _check_status(target: _Target, status: int) -> None:
    if 300 <= status < 400:
        raise OutgoingError(
            f"{target.host} answered with a redirect ({status}), which is not followed",
            False,
            status,
        )
    if not 200 <= status < 300:
        raise OutgoingError(
            f"{target.host} answered {status}", status in _WORTH_ANOTHER_TRY, status
        )


def _parse(target: _Target, status: int, content: bytes) -> object:
    try:
        body: object = json.loads(content)
    except (ValueError, RecursionError):
        raise OutgoingError(
            f"{target.host} answered with something that is not JSON", False, status
        ) from None
    return body
