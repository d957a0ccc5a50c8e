"""Writes a file so that readers see all of it or nothing, also after a power failure."""

import ctypes
import os
import re
import secrets
import shutil
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

_UNFINISHED = re.compile(r"\.[0-9a-f]{16}\.tmp")


def write_atomically(
    path: str | Path,
    content: bytes | BinaryIO,
    *,
    durable: bool = True,
    private: bool = False,
    workshop: str | None = None,
) -> None:
    """Creates or replaces a file, with the folders above it; raises OSError.

    `durable` waits until the disk has the content and the name; `private` keeps other accounts
    of the machine from reading. An unfinished file starts with a dot and ends in `.tmp`; it lies
    beside the file, or in a `workshop` of the same file system, where a killed writer's is found.
    """
    # Texts, since a Path costs as much as to open it.
    path = os.fspath(path)
    folder = os.path.dirname(path)  # noqa: PTH120
    unfinished = f"{workshop or folder}/.{secrets.token_hex(8)}.tmp"
    try:
        with os.fdopen(_created(unfinished, 0o600 if private else 0o666, durable), "wb") as file:
            if isinstance(content, bytes):
                file.write(content)
            else:
                shutil.copyfileobj(content, file)
            if durable:
                file.flush()
                os.fsync(file.fileno())
        _move(unfinished, path, durable)
    except BaseException:
        with suppress(OSError):
            Path(unfinished).unlink(missing_ok=True)
        raise
    if durable:
        _sync_folder(folder)


def holds(path: str | Path, content: bytes) -> bool:
    """Whether the file is there with just this content; raises OSError."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return False
    try:
        # A longer file differs, however it goes on. Files of two gigabytes come in parts.
        found = os.read(descriptor, len(content) + 1)
        while len(found) <= len(content) and (more := os.read(descriptor, len(content) + 1)):
            found += more
    finally:
        os.close(descriptor)
    return found == content


def remove_unfinished(folder: Path, *, before: float) -> int:
    """Deletes what killed writers left in a folder; answers how many files.

    `before` is a time in seconds since 1970 that no writer still at work began before.
    """
    removed = 0
    for path in folder.iterdir() if folder.is_dir() else ():
        with suppress(FileNotFoundError):
            if _UNFINISHED.fullmatch(path.name) and path.lstat().st_mtime < before:
                path.unlink()
                removed += 1
    return removed


def sync_file_system(folder: Path) -> None:
    """Waits until the disk has all that was written to the file system of a folder.

    Raises OSError if something could not be written, which `os.sync` keeps to itself.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        if ctypes.CDLL(None, use_errno=True).syncfs(descriptor):
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number), str(folder))
    finally:
        os.close(descriptor)


def make_folder(folder: Path, *, durable: bool = True) -> None:
    """Creates a folder and those above it; a new name is durable once its parent is synced."""
    if folder.is_dir():
        return
    make_folder(folder.parent, durable=durable)
    folder.mkdir(exist_ok=True)
    if durable:
        _sync_folder(folder.parent)


def _created(path: str, mode: int, durable: bool) -> int:
    """A descriptor of the new file; a missing folder is the exception."""
    # Not tempfile, whose files are always private: a web server may serve this one.
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
    try:
        return os.open(path, flags, mode)
    except FileNotFoundError:
        make_folder(Path(path).parent, durable=durable)
        return os.open(path, flags, mode)


def _move(source: str, target: str, durable: bool) -> None:
    try:
        os.replace(source, target)  # noqa: PTH105
    except FileNotFoundError:
        make_folder(Path(target).parent, durable=durable)
        os.replace(source, target)  # noqa: PTH105


def _sync_folder(folder: str | Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
