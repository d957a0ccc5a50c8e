"""`make test`: every test on SQLite, and those that use the database on PostgreSQL and Redis.

Both run at once, since each waits for other processes a third of its time; what the second says
is shown when the first has ended.
With REQUIRE_SERVICES=1 a service that is neither reachable nor installed fails the run, and so do
a missing cargo and Chromium; otherwise the run says what it left out.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import IO

from tests.redis_databases import FORKS
from tests.services import postgresql, redis
from tests.statements import ENDED, FOLDER

CHROMIUM = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
# The first run has shown the pages, the archives and each odd word; the second is about queries,
# rows and locks. Of these tests/repeated.py chooses.
ON_POSTGRESQL = "database and not browser and not cargo and (queries or not once)"
NO_TESTS_COLLECTED = 5
# Of each of the two runs.
PROCESSES = min(max(2, os.cpu_count() or 1), FORKS)


def main(arguments: Sequence[str]) -> int:
    required = os.environ.get("REQUIRE_SERVICES") == "1"
    with ExitStack() as stack:
        services = {
            "TEST_DATABASE_URL": stack.enter_context(postgresql()),
            "TEST_REDIS_URL": stack.enter_context(redis()),
        }
        missing = [name for name, found in _needed(services).items() if not found]
        for name in missing:
            print(f"{name} is not here{'' if required else ', so its tests are left out'}")
        if missing and required:
            print("REQUIRE_SERVICES=1: install what is missing, or unset it")
            return 1
        told = stack.enter_context(tempfile.TemporaryDirectory())
        shared = {} if os.environ.get("REPEAT_ALL") == "1" else {FOLDER: told}
        runs = [_Run("on SQLite", shared, ["-m", "not postgres", *arguments])]
        if services["TEST_DATABASE_URL"]:
            found = {name: url for name, url in services.items() if url}
            label = "on PostgreSQL and Redis" if len(found) > 1 else "on PostgreSQL"
            again = ["-m", f"({ON_POSTGRESQL}) or postgres", *arguments]
            kept = stack.enter_context(tempfile.TemporaryFile())
            runs.append(_Run(label, found | shared, again, kept))
        statuses = [runs[0].status()]
        Path(told, ENDED).touch()
        return max(statuses + [run.status() for run in runs[1:]])


def _needed(services: Mapping[str, str | None]) -> dict[str, str | None]:
    return {
        "PostgreSQL": services["TEST_DATABASE_URL"],
        "Redis": services["TEST_REDIS_URL"],
        "cargo": shutil.which("cargo"),
        # Debian keeps it where only root's PATH leads.
        "nginx": shutil.which("nginx") or shutil.which("/usr/sbin/nginx"),
        "Chromium": next(filter(None, map(shutil.which, CHROMIUM)), None),
    }


class _Run:
    """A pytest that has been started; with `kept` its output goes there until it is asked for."""

    def __init__(
        self,
        label: str,
        services: Mapping[str, str],
        arguments: Sequence[str],
        kept: IO[bytes] | None = None,
    ) -> None:
        self._label, self._kept, self._started = label, kept, time.monotonic()
        # Each of the processes would compile all tests again.
        inherited = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
        parallel = ["-p", "tests.forks", "--forks", str(PROCESSES)]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "pytest", "--quiet", *parallel, *arguments],
            env={**inherited, **services},
            stdout=kept,
            stderr=kept and subprocess.STDOUT,
        )

    def status(self) -> int:
        """Waits for the end; 0 also if there was nothing to run."""
        print(f"=== Tests {self._label}", flush=True)
        status = self._process.wait()
        if self._kept:
            self._kept.seek(0)
            sys.stdout.write(self._kept.read().decode(errors="replace"))
        took = time.monotonic() - self._started
        print(f"=== Tests {self._label}: done after {took:.0f} s", flush=True)
        return 0 if status == NO_TESTS_COLLECTED else status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
