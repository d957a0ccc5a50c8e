"""Makes a backup: a consistent copy of the database, and the archives that it names."""

import hashlib
import os
import secrets
import shutil
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone

from accounts.errors import InvalidInput
from adapters.atomic_file import write_atomically
from adapters.database_copy import CannotCopy, copy_out, kind_of
from adapters.http import USER_AGENT
from registry import storage
from registry.formats.backup_manifest import BackupManifest, StoredFile, checksum_line
from registry.models import Version

MANIFEST = "manifest.json"
CHECKSUM = "manifest.json.sha256"
ARCHIVES = "storage"
DATABASE_FILES = {"sqlite": "database.sqlite3", "postgresql": "database.dump"}
CHUNK = 1024 * 1024
# A crate that is deleted while its archives are copied makes the database's copy stale.
ATTEMPTS = 5

# As _FIELDS; the last as the database's own copy says it.
_Row = tuple[str, str, int, str, Any]
Track = Callable[[Sequence[StoredFile]], Iterable[StoredFile]]


@dataclass(frozen=True, slots=True)
class Backup:
    """`problems` were in the registry already; the backup holds all that there is."""

    archives: int
    size: int
    problems: tuple[str, ...]


def back_up(folder: Path, *, copy_archives: bool = True, track: Track = iter) -> Backup:
    """Writes a backup into a new folder, which has its name only once it is whole.

    The registry may run. Raises InvalidInput, or OSError when storage or disk fail.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InvalidInput(f"{folder} exists and is not empty; name a new folder for each backup")
    folder = folder.absolute()
    unfinished = folder.with_name(f".{folder.name}.{secrets.token_hex(4)}.unfinished")
    # Private: the copy of the database holds addresses and digests of tokens.
    unfinished.mkdir(mode=0o700, parents=True)
    try:
        backup = _fill(unfinished, copy_archives, track)
        os.sync()
        unfinished.replace(folder)
    except CannotCopy as error:
        raise InvalidInput(str(error)) from None
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return backup


def _fill(folder: Path, copy_archives: bool, track: Track) -> Backup:
    problems: dict[str, str] = {}
    if copy_archives:
        # Most of the time passes here, so that little is left to copy after the database.
        _copy(folder, _archives(Version.everything.order_by("pk").values_list(*_FIELDS)), track)
    for _ in range(ATTEMPTS):
        archives = _archives(_copy_database(folder))
        if not copy_archives:
            break
        problems = _copy(folder, archives, iter)
        if not _deleted_meanwhile(archives, problems):
            break
    _drop_others(folder, {archive.name for archive in archives})
    manifest = _write_manifest(folder, archives, copied=copy_archives)
    size = manifest.database.size + (sum(file.size for file in archives) if copy_archives else 0)
    return Backup(len(archives), size, tuple(map(": ".join, problems.items())))


_FIELDS = ("crate__name", "num", "size", "checksum", "set_aside_at")


def _database_path(folder: Path) -> Path:
    return folder / DATABASE_FILES[kind_of(connection.settings_dict)]


def _copy_database(folder: Path) -> list[_Row]:
    path = _database_path(folder)
    path.unlink(missing_ok=True)
    path.touch(mode=0o600)
    query = str(Version.everything.order_by("pk").values_list(*_FIELDS).query)
    return copy_out(connection.settings_dict, path, query)


def _archives(rows: Iterable[_Row]) -> tuple[StoredFile, ...]:
    return tuple(
        StoredFile(storage.key_of(name, num, set_aside_at), size, checksum)
        for name, num, size, checksum, set_aside_at in rows
    )


def _copy(folder: Path, archives: Sequence[StoredFile], track: Track) -> dict[str, str]:
    """Copies what is not there yet; answers what was missing or is not as it was published."""
    problems = {}
    for archive in track(archives):
        target = folder / ARCHIVES / archive.name
        if target.exists() and _sha256(target) == archive.sha256:
            continue
        try:
            with storage.objects().open_read(archive.name) as file:
                write_atomically(target, file, durable=False, private=True)
        except FileNotFoundError:
            problems[archive.name] = "missing in the registry's storage"
            continue
        if _sha256(target) != archive.sha256:
            problems[archive.name] = "damaged in the registry's storage"
    return problems


def _deleted_meanwhile(archives: Iterable[StoredFile], problems: dict[str, str]) -> bool:
    if not problems:
        return False
    rows = Version.everything.values_list("crate__name", "num", "set_aside_at").iterator()
    here = {storage.key_of(*row) for row in rows}
    return any(archive.name in problems and archive.name not in here for archive in archives)


def _drop_others(folder: Path, names: set[str]) -> None:
    root = folder / ARCHIVES
    for path in [path for path in root.rglob("*") if path.is_file()]:
        if str(path.relative_to(root)) not in names:
            path.unlink()
            with suppress(OSError):
                path.parent.rmdir()


def _write_manifest(
    folder: Path, archives: tuple[StoredFile, ...], *, copied: bool
) -> BackupManifest:
    database = _database_path(folder)
    applied = MigrationRecorder(connection).applied_migrations()
    manifest = BackupManifest(
        made_at=timezone.now().isoformat(timespec="seconds"),
        made_by=USER_AGENT,
        public_url=settings.PUBLIC_URL,
        database_kind=kind_of(connection.settings_dict),
        database=StoredFile(database.name, database.stat().st_size, _sha256(database)),
        migrations=tuple(sorted(f"{app}.{name}" for app, name in applied)),
        copied=copied,
        archives=archives,
    )
    content = manifest.to_json()
    write_atomically(folder / MANIFEST, content, private=True)
    line = checksum_line(content, MANIFEST).encode()
    write_atomically(folder / CHECKSUM, line, private=True)
    return manifest


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
