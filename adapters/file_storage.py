"""Objects as files below one folder, written atomically and durably."""

import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from adapters.atomic_file import holds, remove_unfinished, sync_file_system, write_atomically
from adapters.object_names import checked, checked_prefix

# In each of the folders at the top, which may be file systems of their own: where files lie until
# they are whole. No object's name has a part that begins with a dot.
WORKSHOP = ".unfinished"


class DurableFileStorage:
    """The ObjectStorage of an installation on one machine (see adapters.storages)."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.absolute()

    def write(
        self,
        name: str,
        content: bytes | BinaryIO,
        *,
        content_type: str = "application/octet-stream",
        cache_control: str = "no-cache",
        durable: bool = True,
    ) -> None:
        # A file has no place for type and cache rules; whoever serves it knows them by name.
        top, _, rest = name.partition("/")
        workshop = f"{self._folder}/{top if rest else '.'}/{WORKSHOP}"
        path = f"{self._folder}/{checked(name)}"
        write_atomically(path, content, durable=durable, workshop=workshop)

    def flush(self) -> None:
        for folder in {folder.stat().st_dev: folder for folder in self._tops()}.values():
            sync_file_system(folder)

    def open_read(self, name: str) -> BinaryIO:
        return self._path(name).open("rb")

    def differing(self, objects: Iterable[tuple[str, bytes]]) -> Iterator[str]:
        for name, content in objects:
            # A text, since a Path costs as much as to open it.
            path = f"{self._folder}/{checked(name)}"
            if not holds(path, content) if content else Path(path).is_file():
                yield name

    def exists(self, name: str) -> bool:
        return self._path(name).is_file()

    def size(self, name: str) -> int:
        return self._path(name).stat().st_size

    def modified_at(self, name: str) -> datetime:
        return datetime.fromtimestamp(self._path(name).stat().st_mtime, UTC)

    def delete(self, name: str) -> None:
        with suppress(FileNotFoundError, NotADirectoryError):
            self._path(name).unlink()

    def walk(self, prefix: str = "") -> Iterator[str]:
        folder = checked_prefix(prefix)
        return _walk(self._folder / folder, folder)

    def remove_unfinished(self, before: float) -> int:
        return sum(remove_unfinished(top / WORKSHOP, before=before) for top in self._tops())

    def local_path(self, name: str) -> Path | None:
        return self._path(name)

    def download_url(self, name: str) -> str | None:
        checked(name)
        return None

    def _path(self, name: str) -> Path:
        return self._folder / checked(name)

    def _tops(self) -> list[Path]:
        """The folder itself and those at its top."""
        try:
            return [self._folder, *filter(Path.is_dir, self._folder.iterdir())]
        except FileNotFoundError:
            return []


def _walk(folder: Path, prefix: str) -> Iterator[str]:
    try:
        with os.scandir(folder) as entries:
            found = [
                entry.name + ("/" if entry.is_dir() else "")
                for entry in entries
                if not entry.name.startswith(".")
            ]
    except FileNotFoundError:
        return
    # The slash counts in the order, as it does in S3's listing of whole names.
    for name in sorted(found):
        if name.endswith("/"):
            yield from _walk(folder / name, prefix + name)
        else:
            yield prefix + name
