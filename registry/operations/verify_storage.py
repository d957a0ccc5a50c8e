"""Compares database, index and stored files."""

import hashlib
from collections.abc import Iterator

from registry import storage
from registry.models import Version
from registry.operations import index

CHUNK = 1024 * 1024


def differences() -> Iterator[str]:
    """One sentence for each thing that does not agree; an orphan file is harmless but named."""
    yield from index.differences()
    known = set()
    rows = Version.objects.order_by("pk").values_list("crate__name", "num", "checksum", "size")
    for name, num, checksum, size in rows.iterator():
        key = storage.archive_key(name, num)
        known.add(key)
        yield from _archive(key, checksum, size)
    for key in storage.objects().walk("crates"):
        if key not in known:
            yield f"{key}: no such version (left by an upload that was never committed)"


def _archive(key: str, checksum: str, size: int) -> Iterator[str]:
    hasher = hashlib.sha256()
    length = 0
    try:
        with storage.objects().open_read(key) as file:
            while chunk := file.read(CHUNK):
                hasher.update(chunk)
                length += len(chunk)
    except FileNotFoundError:
        yield f"{key}: missing"
        return
    if hasher.hexdigest() != checksum or length != size:
        yield f"{key}: its SHA-256 differs from the one that was published"
