"""`make test`: every test on SQLite, then those that use the database on PostgreSQL and Redis.

With REQUIRE_SERVICES=1 a service that is neither reachable nor installed fails the run, and so do
a missing cargo and Chromium; otherwise the run says what it left out.
"""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack

from tests.services import postgresql, redis

CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
# The first run has shown the pages, the archives and each odd word; the second is about queries,
# rows and locks.
ON_POSTGRESQL = "database and not browser and not cargo and not once"
NO_TESTS_COLLECTED = 5
# One more than cores: many tests wait for a server or a disk.
PROCESSES = (os.cpu_count() or 1) + 1


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
        status = _run("on SQLite", {}, ["-m", "not postgres", *arguments])
        if services["TEST_DATABASE_URL"]:
            found = {name: url for name, url in services.items() if url}
            label = "on PostgreSQL and Redis" if len(found) > 1 else "on PostgreSQL"
            again = ["-m", f"({ON_POSTGRESQL}) or postgres", *arguments]
            status = _run(label, found, again) or status
        return status


def _needed(services: Mapping[str, str | None]) -> dict[str, str | None]:
    return {
        "PostgreSQL": services["TEST_DATABASE_URL"],
        "Redis": services["TEST_REDIS_URL"],
        "cargo": shutil.which("cargo"),
        # Debian keeps it where only root's PATH leads.
        "nginx": shutil.which("nginx") or shutil.which("/usr/sbin/nginx"),
        "Chromium": next(filter(None, map(shutil.which, CHROMIUM)), None),
    }


def _run(label: str, services: Mapping[str, str], arguments: Sequence[str]) -> int:
    print(f"=== Tests {label}", flush=True)
    started = time.monotonic()
    parallel = ["-n", str(PROCESSES), "--dist", "worksteal"]
    command = [sys.executable, "-m", "pytest", "--quiet", *parallel, *arguments]
    status = subprocess.run(command, env={**os.environ, **services}, check=False).returncode
    print(f"=== Tests {label} took {time.monotonic() - started:.0f} s", flush=True)
    return 0 if status == NO_TESTS_COLLECTED else status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
