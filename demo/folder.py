"""The demo's own folder: fresh at each start, and used by one demo at a time."""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from demo.errors import DemoFailed

# Only a folder with this file is ever emptied: DEMO_DIR may be mistyped.
MARKER = ".waybill-demo"
_NOTE = "Made by `make demo`, which removes everything beside this file when it starts.\n"


@dataclass(frozen=True, slots=True)
class DemoFolder:
    """`lock` is the descriptor that keeps others out, as long as any process holds it."""

    path: Path
    lock: int

    @property
    def server_log(self) -> Path:
        return self.path / "server.log"


@contextmanager
def fresh_folder(path: Path) -> Iterator[DemoFolder]:
    """An empty folder that is ours until the end; raises DemoFailed if it cannot be."""
    try:
        path.mkdir(parents=True, exist_ok=True)
        if any(path.iterdir()) and not (path / MARKER).is_file():
            raise DemoFailed(
                f"{path} holds files that are not the demo's; empty it, or name another folder, "
                "for example DEMO_DIR=/tmp/waybill-demo"
            )
        lock = os.open(path / MARKER, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise DemoFailed(
            f"the folder {path} cannot be used ({error.strerror}); name another one, "
            "for example DEMO_DIR=/tmp/waybill-demo"
        ) from None
    try:
        _take(lock, path)
        _empty(path)
        os.ftruncate(lock, 0)
        os.write(lock, _NOTE.encode())
        yield DemoFolder(path, lock)
    finally:
        os.close(lock)


def _take(lock: int, path: Path) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise DemoFailed(
            f"another demo is running in {path}; stop it with Ctrl-C first, or name another "
            "folder, for example DEMO_DIR=/tmp/waybill-demo"
        ) from None


def _empty(path: Path) -> None:
    for entry in path.iterdir():
        if entry.name == MARKER:
            continue
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()
