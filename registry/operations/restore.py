"""Checks a backup and puts it back: archives first, then the database, then the index."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from pathlib import Path

from django.core.management import call_command
from django.db import connection
from django.db.migrations.loader import MigrationLoader

from accounts import audit
from accounts.errors import InvalidInput
from accounts.models import User
from adapters.database_copy import CannotCopy, copy_in, kind_of
from registry import storage
from registry.actors import System
from registry.formats.backup_manifest import (
    BackupManifest,
    InvalidBackup,
    StoredFile,
    read_manifest,
)
from registry.models import Crate, IndexChange
from registry.operations import index, verify_storage
from registry.operations.backup import ARCHIVES, CHECKSUM, MANIFEST, Track
from registry.operations.difference import Difference


def open_backup(folder: Path) -> BackupManifest:
    """What the backup says of itself; raises InvalidInput if that cannot be trusted."""
    try:
        content = (folder / MANIFEST).read_bytes()
        line = (folder / CHECKSUM).read_text(errors="replace")
        return read_manifest(content, line)
    except FileNotFoundError as error:
        raise InvalidInput(f"{folder} is no whole backup: {error.filename} is missing") from None
    except InvalidBackup as error:
        raise InvalidInput(f"{folder / MANIFEST}: {error}") from None


def damages(folder: Path, manifest: BackupManifest, track: Track = iter) -> Iterator[str]:
    """One sentence for each file that is missing, changed, or not part of the backup.

    Archives that were only listed are looked for in the storage of this installation.
    """
    database = manifest.database
    if problem := _file_problem(folder / database.name, database):
        yield f"{database.name}: {problem}"
    for archive in track(manifest.archives):
        problem = (
            _file_problem(folder / ARCHIVES / archive.name, archive)
            if manifest.copied
            else _object_problem(archive)
        )
        if problem:
            yield f"{archive.name}: {problem}"
    expected = {MANIFEST, CHECKSUM, database.name}
    if manifest.copied:
        expected |= {f"{ARCHIVES}/{archive.name}" for archive in manifest.archives}
    for path in sorted(path for path in folder.rglob("*") if not path.is_dir()):
        if (name := str(path.relative_to(folder))) not in expected:
            yield f"{name}: not part of the backup"


def check_target(manifest: BackupManifest, *, replace: bool) -> None:
    """Raises InvalidInput where the backup does not fit, or would replace what is there."""
    kind = kind_of(connection.settings_dict)
    if manifest.database_kind != kind:
        raise InvalidInput(
            f"the backup is of {manifest.database_kind}, and DATABASE_URL names {kind}; restore "
            "into a database of the same kind"
        )
    known = {f"{app}.{name}" for app, name in MigrationLoader(None).disk_migrations}
    if unknown := sorted(set(manifest.migrations) - known):
        raise InvalidInput(
            f"the backup was made by a newer version ({manifest.made_by}, it has {unknown[0]}); "
            "install that version, or a later one"
        )
    if not replace and (found := _what_is_there(manifest)):
        raise InvalidInput(
            f"{found}; restore into an empty database and storage, or replace what is there with "
            "--force, after a backup of it"
        )


def restore(
    folder: Path, manifest: BackupManifest, *, replace: bool = False, track: Track = iter
) -> list[Difference]:
    """Puts everything back; answers what does not agree afterwards.

    An archive that the backup has damaged is left out. The registry must not run meanwhile.
    Raises InvalidInput, or OSError when storage or disk fail.
    """
    check_target(manifest, replace=replace)
    if manifest.copied:
        _restore_archives(folder, track(manifest.archives))
    connection.close()
    try:
        copy_in(connection.settings_dict, folder / manifest.database.name)
    except CannotCopy as error:
        raise InvalidInput(str(error)) from None
    # A backup of an older version has an older form.
    call_command("migrate", verbosity=0, interactive=False)
    # All files are written below.
    IndexChange.objects.all().delete()
    index.rebuild()
    audit.record(
        "registry.restored",
        actor=System("restore"),
        subject=manifest.public_url,
        after={"made_at": manifest.made_at, "archives": len(manifest.archives)},
    )
    if replace:
        # Nothing runs that could own what is left over from before.
        return [
            repair.difference
            for repair in verify_storage.repair(settled=timedelta(0))
            if not repair.done
        ]
    return list(verify_storage.differences())


def _what_is_there(manifest: BackupManifest) -> str:
    tables = set(connection.introspection.table_names())
    if Crate._meta.db_table in tables and Crate.everything.exists():
        return "the database holds crates"
    if User._meta.db_table in tables and User.objects.exists():
        return "the database holds accounts"
    if manifest.copied and next(storage.objects().walk("crates"), None):
        return "the storage holds archives"
    return ""


def _restore_archives(folder: Path, archives: Iterable[StoredFile]) -> None:
    for archive in archives:
        source = folder / ARCHIVES / archive.name
        if _file_problem(source, archive) or not _object_problem(archive):
            continue
        with source.open("rb") as file:
            storage.objects().write(
                archive.name,
                file,
                content_type=storage.ARCHIVE_TYPE,
                cache_control=storage.ARCHIVE_CACHE_CONTROL,
            )


def _file_problem(path: Path, expected: StoredFile) -> str:
    try:
        size = path.stat().st_size
        if size != expected.size:
            return f"has {size} bytes instead of {expected.size}"
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        return "missing" if isinstance(error, FileNotFoundError) else f"unreadable ({error})"
    return "" if found == expected.sha256 else "its SHA-256 is not the one in the manifest"


def _object_problem(expected: StoredFile) -> str:
    try:
        # The size is cheaper to ask for than the content.
        if storage.objects().size(expected.name) != expected.size:
            return "has another size in storage"
        with storage.objects().open_read(expected.name) as file:
            found = hashlib.sha256()
            while chunk := file.read(verify_storage.CHUNK):
                found.update(chunk)
    except FileNotFoundError:
        return "missing in storage"
    return "" if found.hexdigest() == expected.sha256 else "damaged in storage"


def summary(manifest: BackupManifest, found: Sequence[str]) -> str:
    """One line for the operator."""
    state = f"{len(found)} damages" if found else "whole"
    return (
        f"backup of {manifest.public_url}, made at {manifest.made_at} by {manifest.made_by}: "
        f"{len(manifest.archives)} archives, {state}"
    )
