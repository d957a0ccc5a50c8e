"""Compares database, index and stored files, and mends what can be mended without loss."""

import hashlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from django.utils import timezone

from registry import storage
from registry.models import Crate, Version
from registry.operations import index
from registry.operations.difference import Difference, Kind

CHUNK = 1024 * 1024
# Where archives go that no version names; nothing serves them from there.
ASIDE = "aside"
# A file that nobody names yet may belong to an upload whose transaction has not committed.
SETTLED = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Repair:
    """What became of one difference; `done` is False for what is left to the operator."""

    difference: Difference
    outcome: str
    done: bool

    def __str__(self) -> str:
        return f"{self.difference}; {self.outcome}"


def differences() -> Iterator[Difference]:
    """Each thing that does not agree; a stray archive is harmless but named."""
    yield from index.differences()
    known = set()
    rows = Version.everything.order_by("pk")
    fields = ("crate__name", "num", "set_aside_at", "checksum", "size")
    for name, num, set_aside_at, checksum, size in rows.values_list(*fields).iterator():
        key = storage.key_of(name, num, set_aside_at)
        known.add(key)
        yield from _archive(key, checksum, size)
    for key in (*storage.objects().walk("crates"), *storage.objects().walk("quarantine")):
        if key not in known:
            problem = "no such version (left by an upload that was never committed)"
            yield Difference(Kind.STRAY_ARCHIVE, key, problem)


def repair(*, backup: Path | None = None, settled: timedelta = SETTLED) -> Iterator[Repair]:
    """Mends each difference that can be, while the registry runs.

    Archives that are missing or damaged come from a backup, if one is given and has them whole.
    """
    for difference in list(differences()):
        match difference.kind:
            case Kind.INDEX_DIFFERS:
                index.write(difference.crate_name)
                yield Repair(difference, "written anew", done=True)
            case Kind.STRAY_INDEX_FILE:
                yield _remove_index_file(difference, settled)
            case Kind.STRAY_ARCHIVE:
                yield _put_aside(difference, settled)
            case Kind.ARCHIVE_MISSING | Kind.ARCHIVE_DAMAGED:
                yield _fetch(difference, backup)


def _archive(key: str, checksum: str, size: int) -> Iterator[Difference]:
    hasher = hashlib.sha256()
    length = 0
    try:
        with storage.objects().open_read(key) as file:
            while chunk := file.read(CHUNK):
                hasher.update(chunk)
                length += len(chunk)
    except FileNotFoundError:
        yield Difference(Kind.ARCHIVE_MISSING, key, "missing", checksum=checksum)
        return
    if hasher.hexdigest() != checksum or length != size:
        problem = "its SHA-256 differs from the one that was published"
        yield Difference(Kind.ARCHIVE_DAMAGED, key, problem, checksum=checksum)


def _remove_index_file(stray: Difference, settled: timedelta) -> Repair:
    if not _is_settled(stray.key, settled):
        return _too_young(stray, settled)
    # Founded since: then the file is that crate's.
    name = stray.key.rpartition("/")[2]
    crate = Crate.objects.named(name).first()
    if crate and storage.index_key(crate.name) == stray.key:
        index.write(crate.name)
        return Repair(stray, "written anew", done=True)
    storage.objects().delete(stray.key)
    return Repair(stray, "removed", done=True)


def _put_aside(stray: Difference, settled: timedelta) -> Repair:
    if not _is_settled(stray.key, settled):
        return _too_young(stray, settled)
    target = f"{ASIDE}/{stray.key}"
    # Gone since: whoever deleted the crate has removed it.
    with suppress(FileNotFoundError):
        with storage.objects().open_read(stray.key) as file:
            storage.objects().write(target, file, content_type=storage.ARCHIVE_TYPE)
        storage.objects().delete(stray.key)
    return Repair(stray, f"moved to {target}", done=True)


def _is_settled(key: str, settled: timedelta) -> bool:
    try:
        return timezone.now() - storage.objects().modified_at(key) >= settled
    except FileNotFoundError:
        return True


def _too_young(stray: Difference, settled: timedelta) -> Repair:
    minutes = settled // timedelta(minutes=1)
    outcome = f"left, because an upload under way may own it; run again in {minutes} minutes"
    return Repair(stray, outcome, done=False)


def _fetch(difference: Difference, backup: Path | None) -> Repair:
    if backup is None:
        outcome = "only a backup has it: verify_storage --repair --from BACKUP"
        return Repair(difference, outcome, done=False)
    copy = backup / "storage" / difference.key
    try:
        with copy.open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != difference.checksum:
                return Repair(difference, f"{copy} is damaged too", done=False)
            file.seek(0)
            storage.objects().write(
                difference.key,
                file,
                content_type=storage.ARCHIVE_TYPE,
                cache_control=storage.ARCHIVE_CACHE_CONTROL,
            )
    except FileNotFoundError:
        return Repair(difference, f"{copy} does not exist; try another backup", done=False)
    return Repair(difference, f"taken from {copy}", done=True)
