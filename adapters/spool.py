"""Lines that many processes leave in a folder and one job collects, none lost and none twice.

Every process appends to a file of its own. Collecting renames a file under its lock; whoever
appended to it sees that and begins another. A file that was renamed never changes again.
"""

import fcntl
import os
import secrets
import threading
import weakref
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

OPEN = ".open"
CLOSED = ".closed"
# A file that nobody collects stays of a size that is read in a moment.
MAX_BYTES = 16 * 1024 * 1024


class Spool:
    """The writing end for one process; safe between its threads and after a fork.

    A line is with the operating system when `append` returns, so it outlives a killed process.
    It does not wait for the disk: a power failure may cost the last seconds.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock = threading.Lock()
        self._process = 0
        self._file = -1
        self._close: Callable[[], object] = lambda: None
        self._path = folder

    def append(self, line: str) -> None:
        """Adds one line, which holds no line feed; raises OSError."""
        data = f"{line}\n".encode()
        with self._lock:
            while not self._append(data):
                self._begin()

    def _append(self, data: bytes) -> bool:
        """False where there is no file of this process, or it was collected meanwhile."""
        if self._process != os.getpid():
            return False
        fcntl.flock(self._file, fcntl.LOCK_SH)
        try:
            if not self._path.exists() or os.fstat(self._file).st_size > MAX_BYTES:
                return False
            if os.write(self._file, data) < len(data):
                # A full disk took part of a line; the rest must not become the start of the next.
                self._process = 0
                raise OSError(f"{self._path.name}: a line was written in part")
            return True
        finally:
            fcntl.flock(self._file, fcntl.LOCK_UN)

    def _begin(self) -> None:
        # After a fork the file is the parent's too, whose lock must not be released here.
        self._close()
        self._process = 0
        self.folder.mkdir(parents=True, exist_ok=True)
        self._path = self.folder / f"{secrets.token_hex(16)}{OPEN}"
        self._file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
        self._close = weakref.finalize(self, os.close, self._file)
        self._process = os.getpid()


@lru_cache(maxsize=2)
def spool_of(folder: Path) -> Spool:
    """This process's own for a folder; those that were not asked for lately are closed."""
    return Spool(folder)


def collect(folder: Path) -> list[Path]:
    """Closes every file of the folder; answers all closed ones, those of earlier calls too.

    The caller deletes what it has taken in. No name is ever used twice.
    """
    for path in folder.glob(f"*{OPEN}"):
        _close(path)
    return sorted(folder.glob(f"*{CLOSED}"))


def _close(path: Path) -> None:
    try:
        file = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        # Another collector was quicker.
        return
    try:
        fcntl.flock(file, fcntl.LOCK_EX)
        path.replace(path.with_suffix(CLOSED))
    except FileNotFoundError:
        return
    finally:
        os.close(file)
