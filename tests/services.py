"""PostgreSQL and Redis for a test run: private ones for its duration, or those that run here."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg

from tests.ports import free_port

POSTGRESQL = (
    "postgres://postgres@127.0.0.1:5432/postgres",
    "postgres:///postgres?host=/var/run/postgresql",
)
REDIS = ("127.0.0.1", 6379)
SECONDS_TO_START = 120
# The data are thrown away, so nothing waits for the disk.
UNSAFE = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


@contextmanager
def postgresql() -> Iterator[str | None]:
    """A URL for a database of this run that pytest will create, or None."""
    given = os.environ.get("TEST_POSTGRES_URL")
    if _postgresql_binaries() and not given:
        # Preferred to the one that runs here, which waits for the disk.
        with private_postgresql(UNSAFE) as url:
            yield _named_for_this_run(url)
    else:
        running = next(filter(_may_create_databases, (given,) if given else POSTGRESQL), None)
        yield _named_for_this_run(running) if running else None


@contextmanager
def redis() -> Iterator[str | None]:
    """A URL without a database number, or None."""
    if given := os.environ.get("TEST_REDIS_URL"):
        yield given
    elif program := shutil.which("redis-server"):
        # Preferred to the one that runs here, whose data are somebody's.
        with _private_redis(program) as url:
            yield url
    else:
        yield f"redis://{REDIS[0]}:{REDIS[1]}" if _listens(*REDIS) else None


def _may_create_databases(url: str) -> bool:
    try:
        with psycopg.connect(_for_psycopg(url), connect_timeout=3) as connection:
            row = connection.execute(
                "SELECT rolsuper OR rolcreatedb FROM pg_roles WHERE rolname = current_user"
            ).fetchone()
    except psycopg.Error:
        return False
    return bool(row and row[0])


def _named_for_this_run(url: str) -> str:
    """Two runs on one server do not meet."""
    return urlunsplit(urlsplit(url)._replace(path=f"/waybill_{os.getpid()}"))


def _for_psycopg(url: str) -> str:
    return urlunsplit(urlsplit(url)._replace(scheme="postgresql"))


@contextmanager
def private_postgresql(more: Mapping[str, str]) -> Iterator[str]:
    """The URL of a server with these settings; it and its data end with the context."""
    binaries = _postgresql_binaries()[-1].parent
    folder, port = Path(tempfile.mkdtemp(prefix="waybill-postgresql-")), free_port()
    data = folder / "data"
    if os.getuid() == 0:
        # PostgreSQL refuses to run as root.
        owner = pwd.getpwnam("postgres")
        os.chown(folder, owner.pw_uid, owner.pw_gid)
    initdb = [str(binaries / "initdb"), "-D", str(data), "-U", "postgres", "-A", "trust", "-N"]
    _unprivileged(initdb).wait()
    settings = {**more, "listen_addresses": "127.0.0.1", "unix_socket_directories": str(folder)}
    options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    server = _unprivileged([str(binaries / "postgres"), "-D", str(data), "-p", str(port), *options])
    url = f"postgres://postgres@127.0.0.1:{port}/postgres"
    try:
        _wait(server, lambda: _may_create_databases(url))
        yield url
    finally:
        _end(server)
        shutil.rmtree(folder, ignore_errors=True)


def _postgresql_binaries() -> list[Path]:
    """The newest last."""
    return sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))


def _unprivileged(command: Sequence[str]) -> subprocess.Popen[bytes]:
    user = "postgres" if os.getuid() == 0 else None
    return subprocess.Popen(
        command,
        user=user,
        group=user,
        extra_groups=[] if user else None,
        cwd="/",
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


@contextmanager
def _private_redis(program: str) -> Iterator[str]:
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="waybill-redis-") as folder:
        options = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", folder]
        server = subprocess.Popen([program, *options], stdout=subprocess.DEVNULL)
        try:
            _wait(server, lambda: _listens("127.0.0.1", port))
            yield f"redis://127.0.0.1:{port}"
        finally:
            _end(server)


def _listens(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), timeout=1).close()
    except OSError:
        return False
    return True


def _wait(server: subprocess.Popen[bytes], is_ready: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SECONDS_TO_START
    while not is_ready():
        if server.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"a private service does not start: {server.args!r}")
        time.sleep(0.1)


def _end(server: subprocess.Popen[bytes]) -> None:
    # SIGINT is PostgreSQL's fast shutdown; Redis takes it as its end too.
    server.send_signal(signal.SIGINT)
    try:
        server.wait(20)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()
