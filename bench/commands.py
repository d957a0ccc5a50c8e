"""Runs a command of ours as an operator would, and says what it took."""

import os
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from tests.server import INHERITED, ROOT


def environment(data_dir: Path, database: str | None = None, **more: str) -> dict[str, str]:
    kept = {name: os.environ[name] for name in INHERITED if name in os.environ}
    return (
        kept | {"DATA_DIR": str(data_dir)} | ({"DATABASE_URL": database} if database else {}) | more
    )


def command(environment: Mapping[str, str], *arguments: str) -> tuple[float, float]:
    """Microseconds from start to end, and the most memory it held, in megabytes."""
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, *arguments], cwd=ROOT, env=dict(environment), stdout=subprocess.DEVNULL
    )
    _, status, usage = os.wait4(process.pid, 0)
    # It was waited for behind its back.
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, arguments)
    return (time.perf_counter() - began) * 1e6, usage.ru_maxrss / 1024
