"""Management commands one after the other, each in a fork of a process that has Django ready.

Importing it takes longer than most commands. Runs as `python -m tests.commands`: each line that
it reads is a list of arguments, each line that it writes a status and what was said.
"""

import gc
import importlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SECONDS_TO_END = 10


class Commands:
    """The process, as `Server` uses it; it starts with the first command."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self._process: subprocess.Popen[str] | None = None

    def run(self, arguments: Sequence[str]) -> subprocess.CompletedProcess[str]:
        """What `manage.py` would have given, by status, output and errors."""
        process = self._process or self._started()
        assert process.stdin
        assert process.stdout
        process.stdin.write(json.dumps(arguments) + "\n")
        process.stdin.flush()
        status, said, complained = json.loads(process.stdout.readline())
        command = ["manage.py", *arguments]
        return subprocess.CompletedProcess(command, status, said, complained)

    def end(self) -> None:
        if self._process is not None:
            self._process.communicate(timeout=SECONDS_TO_END)
            self._process = None

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


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    # With the addresses, which commands check.
    importlib.import_module("config.wsgi")
    gc.freeze()
    for line in sys.stdin:
        sys.stdout.write(json.dumps(_answer(json.loads(line))) + "\n")
        sys.stdout.flush()


def _answer(arguments: Sequence[str]) -> tuple[int, str, str]:
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
