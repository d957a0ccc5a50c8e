"""Starts Waybill as `make serve` does: web processes, worker and clock in one process group.

Django is set up once; the parts are forks, which start at once and share that memory.
"""

import ctypes
import fcntl
import gc
import http.client
import importlib
import os
import signal
import socket
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.context import ForkProcess
from pathlib import Path
from types import FrameType
from typing import Never

import django
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.db.backends.utils import CursorWrapper
from granian import Granian
from granian.constants import HTTPModes, Interfaces
from granian.log import LogLevels

from config.celery import app as celery
from config.environment import Environment, read_environment
from config.environment_values import InvalidEnvironment

# How long a request or a job may take to end once it was told to stop.
SECONDS_TO_STOP = 20
# Granian's own limit lies below ours, so that it is the one who ends its web processes.
SECONDS_FOR_WEB_PROCESSES = 15
# The longest that granian offers: a thread that ends takes its database connection with it.
THREAD_IDLE_SECONDS = 600
# Requests that one web process accepts while all its threads are busy; more wait in the backlog.
WAITING_REQUESTS_PER_THREAD = 8
# Linux, <sys/prctl.h>.
PR_SET_PDEATHSIG = 1
PR_SET_NAME = 15
PR_SET_CHILD_SUBREAPER = 36


class Stopped(BaseException):
    """Somebody asked for the end, by SIGTERM or SIGINT."""


def main() -> int:
    """Serves until told to stop; 0 after a clean stop, 1 when a part ended by itself."""
    for signal_number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(signal_number, _stop)
    parts: dict[str, ForkProcess] = {}
    port: socket.socket | None = None
    # What a killed part leaves behind becomes our child, so that we can end it.
    _process_control(PR_SET_CHILD_SUBREAPER, 1)
    try:
        environment = read_environment()
        # Held until the end: granian itself would share the port with another server's.
        port = _reserve_port(environment)
        prepare(environment)
        _load_what_all_parts_need()
        parts["web"] = _start("web", lambda: serve_web(environment), port)
        parts["worker"] = _start("worker", lambda: run_worker(environment), port)
        if _wait_for_answer(environment, parts):
            _say(f"Waybill serves {environment.public_url}")
            _tell_systemd("READY=1")
        _say(f"{_wait_for_an_end(parts)}; stopping everything")
        return 1
    except Stopped:
        return 0
    finally:
        _ignore_signals()
        _stop_all(parts)
        if port:
            port.close()


def prepare(environment: Environment) -> None:
    """Folders, migrations, cache table and static files; harmless where they are up to date."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    # Holds the timetable too, so it is there with Redis as well.
    (environment.data_dir / "queue" / "taken").mkdir(parents=True, exist_ok=True)
    with _one_at_a_time(environment.data_dir / "prepare.lock"):
        call_command("migrate", verbosity=0, interactive=False)
        if settings.CACHES["default"]["BACKEND"].endswith("DatabaseCache"):
            call_command("createcachetable", verbosity=0)
        # The REST framework's files belong to its browsable pages, which are switched off.
        call_command(
            "collectstatic", verbosity=0, interactive=False, ignore_patterns=["rest_framework"]
        )
    connection.close()


def serve_web(environment: Environment) -> None:
    """Granian in front of config.web; the figures behind it are in docs/decisions/0003."""
    Granian(
        "config.web:application",
        interface=Interfaces.WSGI,
        http=HTTPModes.auto,
        address=environment.host.strip("[]"),
        port=environment.port,
        workers=environment.web_workers,
        workers_kill_timeout=SECONDS_FOR_WEB_PROCESSES,
        runtime_threads=1,
        blocking_threads=environment.web_threads,
        blocking_threads_idle_timeout=THREAD_IDLE_SECONDS,
        backpressure=environment.web_threads * WAITING_REQUESTS_PER_THREAD,
        websockets=False,
        # It warns of our number of threads, which mostly wait for the database.
        log_level=LogLevels.error,
        log_access=False,
    ).serve()


def run_worker(environment: Environment) -> None:
    """One worker with the clock inside; its files and its name are its own (by port)."""
    # The broker takes a message by moving it to the temporary folder, which is atomic only
    # within one file system.
    tempfile.tempdir = str(environment.data_dir / "queue" / "taken")
    # Celery warns of root; in a container that is often the only user.
    warnings.filterwarnings("ignore", "You're running the worker with superuser privileges")
    timetable = f"{settings.CELERY_BEAT_SCHEDULE_FILENAME}-{environment.port}"
    # Nobody asks one worker what the others do, and each question would be a file.
    silence = ["--without-gossip", "--without-mingle", "--without-heartbeat"]
    celery.worker_main(
        [
            *("--quiet", "worker", "--hostname", f"waybill-{environment.port}@%h"),
            *("--pool", "threads", "--concurrency", "2"),
            *("--beat", "--schedule", timetable, "--loglevel", "WARNING"),
            *silence,
        ]
    )


def _load_what_all_parts_need() -> None:
    importlib.import_module("config.wsgi")
    connection.close()
    # The garbage collector would write into memory that the parts share.
    gc.collect()
    gc.freeze()


def _stop(signal_number: int, frame: FrameType | None) -> Never:
    _ignore_signals()
    raise Stopped


def _ignore_signals() -> None:
    # Once is enough: a second one would interrupt the stopping.
    for signal_number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(signal_number, signal.SIG_IGN)


def _reserve_port(environment: Environment) -> socket.socket:
    """A socket that holds the port and never listens, so that a second server finds it taken.

    Raises InvalidEnvironment.
    """
    host, port = environment.host.strip("[]"), environment.port
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM
        )[0]
    except socket.gaierror:
        raise InvalidEnvironment("HOST", f"{host!r} is not an address here", "127.0.0.1") from None
    holder = socket.socket(family, kind, protocol)
    try:
        # Connections of a server that has just stopped are no reason to wait.
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holder.bind(address)
    except OSError as error:
        holder.close()
        problem = f"{host}:{port} cannot be listened on ({error.strerror})"
        raise InvalidEnvironment("PORT", problem, str(port % 65535 + 1)) from None
    # From here on only what shares it, as granian's web processes do, may bind beside it.
    holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 0)
    holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    return holder


@contextmanager
def _one_at_a_time(path: Path) -> Iterator[None]:
    """Two servers that start on one folder, or on one PostgreSQL, migrate one after the other."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        if connection.vendor != "postgresql":
            yield
            return
        with connection.cursor() as cursor:
            # An index that is built beside the work waits for all statements that have begun, and
            # so for one that waits for the migration.
            while not _answer(cursor, "SELECT pg_try_advisory_lock(hashtext('waybill prepares'))"):
                time.sleep(0.2)
            try:
                yield
            finally:
                cursor.execute("SELECT pg_advisory_unlock(hashtext('waybill prepares'))")


def _answer(cursor: CursorWrapper, question: str) -> object:
    cursor.execute(question)
    return cursor.fetchone()[0]


def _start(name: str, run: Callable[[], object], port: socket.socket) -> ForkProcess:
    """A fork that runs this and nothing else."""
    part = get_context("fork").Process(name=name, target=_be_a_part, args=(name, run, port))
    # The fork takes our handlers along; a signal waits until it has its own.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
    try:
        part.start()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    return part


def _be_a_part(name: str, run: Callable[[], object], port: socket.socket) -> None:
    """Stops when the parent says so, or is killed, and not before."""
    port.close()
    _process_control(PR_SET_NAME, f"waybill-{name}".encode())
    # Otherwise it would keep port and files (Linux).
    _process_control(PR_SET_PDEATHSIG, signal.SIGTERM)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    # Ctrl-C reaches the whole group at once; one signal, the parent's, is enough.
    signal.pthread_sigmask(signal.SIG_SETMASK, {signal.SIGINT})
    run()


def _process_control(option: int, value: int | bytes) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(option, value)


def _wait_for_answer(environment: Environment, parts: Mapping[str, ForkProcess]) -> bool:
    """True when /healthz answers, False when a part ended first."""
    host = environment.host.strip("[]")
    # "All addresses" cannot be asked; loopback is one of them.
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - asks, binds nothing
    pause = 0.05
    while all(part.is_alive() for part in parts.values()):
        if _answers(host, environment.port):
            return True
        time.sleep(pause)
        pause = min(pause * 1.3, 2)
    return False


def _answers(host: str, port: int) -> bool:
    client = http.client.HTTPConnection(host, port, timeout=5)
    try:
        client.request("GET", "/healthz")
        return client.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        client.close()


def _wait_for_an_end(parts: Mapping[str, ForkProcess]) -> str:
    """Returns when a part has ended by itself, with a sentence about it."""
    while True:
        for name, part in parts.items():
            if not part.is_alive():
                return f"the {name} process ended unexpectedly (status {part.exitcode})"
        # Blocks until a child ends, and leaves its status for is_alive().
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOWAIT)


def _stop_all(parts: Mapping[str, ForkProcess]) -> None:
    for part in parts.values():
        part.terminate()
    deadline = time.monotonic() + SECONDS_TO_STOP
    for part in parts.values():
        part.join(max(0, deadline - time.monotonic()))
        if part.is_alive():
            part.kill()
            part.join()
    for orphan in _children():
        os.kill(orphan, signal.SIGKILL)
        os.waitpid(orphan, 0)


def _children() -> list[int]:
    listing = Path(f"/proc/self/task/{os.getpid()}/children")
    return [int(pid) for pid in listing.read_text().split()] if listing.exists() else []


def _tell_systemd(state: str) -> None:
    """So that `systemctl restart` returns when this server answers; sd_notify(3)."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
        # "@" stands for the zero byte of an abstract address.
        notify.connect("\0" + address[1:] if address.startswith("@") else address)
        notify.send(state.encode())


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
