"""Management commands and servers, each in a fork of one process that has Django ready.

Importing it takes longer than most commands, and than what else a server does to start. Runs as
`python -m tests.commands`: each line that it reads is the name of what it does and the arguments,
each line that it writes the result.
"""

import gc
import importlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from django.db import connections

ROOT = Path(__file__).resolve().parent.parent
SECONDS_TO_END = 60
SECONDS_TO_LOOK_AGAIN = 0.02


class Commands:
    """The process, as `Server` uses it; it starts with the first thing that is asked of it."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self._process: subprocess.Popen[str] | None = None

    def run(self, arguments: Sequence[str]) -> subprocess.CompletedProcess[str]:
        """What `manage.py` would have given, by status, output and errors."""
        status, said, complained = self._answer("manage", arguments)
        command = ["manage.py", *arguments]
        return subprocess.CompletedProcess(command, status, said, complained)

    def serve(self, log: Path) -> "Serving":
        """`python -m config.serve`, writing there, in a process group of its own."""
        return Serving(self, self._answer("serve", str(log)))

    def status(self, pid: int, timeout: float) -> int | None:
        """With which status a server has ended; None if it has not within so many seconds."""
        found: int | None = self._answer("status", pid, timeout)
        return found

    def end(self) -> None:
        if self._process is not None:
            self._process.communicate(timeout=SECONDS_TO_END)
            self._process = None

    def _answer(self, *question: object) -> Any:
        process = self._process or self._started()
        assert process.stdin
        assert process.stdout
        process.stdin.write(json.dumps(question) + "\n")
        process.stdin.flush()
        line = process.stdout.readline()
        if not line:
            raise RuntimeError(f"Django does not start, for {question}")
        return json.loads(line)

    def _started(self) -> subprocess.Popen[str]:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.commands"],
            cwd=ROOT,
            env=dict(self._environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        return self._process


class Serving:
    """A server that was forked, as `subprocess.Popen` has one that was started."""

    def __init__(self, commands: Commands, pid: int) -> None:
        self._commands, self.pid = commands, pid
        self._status: int | None = None

    def poll(self) -> int | None:
        if self._status is None:
            self._status = self._commands.status(self.pid, 0)
        return self._status

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def wait(self, timeout: float = SECONDS_TO_END) -> int:
        if self._status is None:
            self._status = self._commands.status(self.pid, timeout)
        if self._status is None:
            raise subprocess.TimeoutExpired("config.serve", timeout)
        return self._status


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    # With the addresses, which commands check.
    importlib.import_module("config.wsgi")
    importlib.import_module("config.serve")
    connections.close_all()
    gc.freeze()
    actions = {"manage": _manage, "serve": _serve, "status": _status}
    for line in sys.stdin:
        name, *arguments = json.loads(line)
        sys.stdout.write(json.dumps(actions[name](*arguments)) + "\n")
        sys.stdout.flush()


def _serve(log: str) -> int:
    child = os.fork()
    if child:
        return child
    os.setsid()
    with open(os.devnull) as nothing, open(log, "ab") as file:  # noqa: PTH123 - file numbers count
        for stream, source in enumerate((nothing, file, file)):
            os.dup2(source.fileno(), stream)
    # Ends as a program does that has nothing more to do.
    sys.exit(sys.modules["config.serve"].main())


def _status(pid: int, timeout: float) -> int | None:
    deadline = time.monotonic() + timeout
    while True:
        found, status = os.waitpid(pid, os.WNOHANG)
        if found:
            return os.waitstatus_to_exitcode(status)
        if time.monotonic() >= deadline:
            return None
        time.sleep(SECONDS_TO_LOOK_AGAIN)


def _manage(arguments: Sequence[str]) -> tuple[int, str, str]:
    with tempfile.TemporaryFile("w+") as said, tempfile.TemporaryFile("w+") as complained:
        child = os.fork()
        if child == 0:
            os.dup2(said.fileno(), 1)
            os.dup2(complained.fileno(), 2)
            _execute(arguments)
        _, status = os.waitpid(child, 0)
        said.seek(0)
        complained.seek(0)
        return os.waitstatus_to_exitcode(status), said.read(), complained.read()


def _execute(arguments: Sequence[str]) -> None:
    """Ends this process as manage.py ends."""
    from django.core.management import execute_from_command_line

    with open(os.devnull) as nothing:  # noqa: PTH123 - a file number is what counts
        os.dup2(nothing.fileno(), 0)
    status = 1
    try:
        execute_from_command_line(["manage.py", *arguments])
        status = 0
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else 1
    except BaseException:  # noqa: BLE001 - as the interpreter would
        sys.excepthook(*sys.exc_info())
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


if __name__ == "__main__":
    main()
