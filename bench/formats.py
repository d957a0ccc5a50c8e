"""Pure code on the way of a publish: the archive, and its floor, the hash of its bytes."""

import gzip
import hashlib
import io
import tarfile
from collections.abc import Iterator
from random import Random

from bench.measure import Figure, measure
from registry.formats.archive import read_archive

MANIFEST = b'[package]\nname = "bench"\nversion = "1.0.0"\n'
FILES = 200
FILE_BYTES = 5000


def figures() -> Iterator[Figure]:
    archive = _archive()
    yield measure("SHA-256 of a 1 MB crate (floor)", lambda: hashlib.sha256(archive).digest())
    yield measure("inflate a 1 MB crate (floor)", lambda: gzip.decompress(archive))
    yield measure("read a 1 MB crate of 200 files", lambda: _read(archive))


def _read(archive: bytes) -> None:
    read_archive(
        io.BytesIO(archive),
        name="bench",
        version="1.0.0",
        max_unpacked_bytes=512 * 1024 * 1024,
        max_entries=8192,
        token_prefix="wbl",
    )


def _archive() -> bytes:
    random = Random(0)
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        _add(tar, "bench-1.0.0/Cargo.toml", MANIFEST)
        for number in range(FILES):
            # Hexadecimal digits compress about as well as source code.
            _add(
                tar,
                f"bench-1.0.0/src/{number}.rs",
                random.randbytes(FILE_BYTES // 2).hex().encode(),
            )
    return packed.getvalue()


def _add(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    entry = tarfile.TarInfo(name)
    entry.size = len(content)
    tar.addfile(entry, io.BytesIO(content))
