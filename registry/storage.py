"""Names of stored objects; archives are written once, before the row that names them commits."""

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import BinaryIO

from django.conf import settings

from adapters.storages import ObjectStorage, from_url
from registry.formats.names import index_path

ARCHIVE_TYPE = "application/gzip"
INDEX_TYPE = "text/plain; charset=utf-8"
EVIDENCE_KEY = "evidence/evidence.jsonl.gz"
# An archive never changes; an index file may at any moment.
ARCHIVE_CACHE_CONTROL = "public, max-age=31536000, immutable"
INDEX_CACHE_CONTROL = "public, max-age=60, must-revalidate"


def objects() -> ObjectStorage:
    """The storage that STORAGE_URL names."""
    return _storage(settings.STORAGE_URL)


def archive_key(name: str, num: str) -> str:
    return f"crates/{name}/{name}-{num}.crate"


def aside_key(name: str, num: str) -> str:
    """Where the archive of a version in quarantine lies; nothing serves it from there."""
    return f"quarantine/{name}/{name}-{num}.crate"


def key_of(name: str, num: str, set_aside_at: datetime | None) -> str:
    """Where the archive of a version lies, by what its row says."""
    return archive_key(name, num) if set_aside_at is None else aside_key(name, num)


def index_key(name: str) -> str:
    return f"index/{index_path(name)}"


def store_archive(name: str, num: str, content: BinaryIO) -> None:
    """Durable when it returns.

    The caller holds the lock of the crate and knows that no version of that number exists: what
    may lie there already is an upload whose transaction never committed.
    """
    put_archive(archive_key(name, num), content)


def put_archive(key: str, content: BinaryIO) -> None:
    """Durable when it returns; where to is the caller's to say."""
    objects().write(
        key,
        content,
        content_type=ARCHIVE_TYPE,
        cache_control=ARCHIVE_CACHE_CONTROL,
    )


def store_index(name: str, text: str, *, durable: bool = True) -> None:
    """Replaces the index file of a crate in one step."""
    objects().write(
        index_key(name),
        text.encode(),
        content_type=INDEX_TYPE,
        cache_control=INDEX_CACHE_CONTROL,
        durable=durable,
    )


def differing_index(texts: Mapping[str, str]) -> list[str]:
    """Of crates and their index files, the crates whose file is not just that."""
    names = {index_key(name): name for name in texts}
    files = ((key, texts[name].encode()) for key, name in names.items())
    return [names[key] for key in objects().differing(files)]


def remove_index(name: str) -> None:
    objects().delete(index_key(name))


@cache
def _storage(url: str) -> ObjectStorage:
    return from_url(url)
