"""Index files as they were read last, kept by each web process while the disk has the same.

Opening and reading a file costs four calls of the system, and after each of them a thread waits for
the interpreter again. Asking the disk whether a file is still the same is one.
"""

import gzip
import os
from dataclasses import dataclass
from threading import Lock

from config.file_answers import Header, common, etag_of, http_date, opened

MAX_BYTES = 8 * 1024 * 1024
# A larger one is read for everybody who asks.
MAX_FILE_BYTES = 1024 * 1024
# Below this a file fits into a few packets, and packing it costs more than it saves.
MIN_PACKED_BYTES = 8 * 1024
# What is kept beside the bytes of a file, roughly.
OVERHEAD_BYTES = 2 * 1024


@dataclass(slots=True)
class IndexFile:
    """`packed` is the body in gzip's format, made when somebody first asks for it."""

    path: str
    mtime_ns: int
    inode: int
    size: int
    modified: int
    etag: str
    validators: list[Header]
    headers: list[Header]
    body: list[bytes]
    packed: tuple[list[Header], list[bytes]] | None = None

    def as_packed(self) -> tuple[list[Header], list[bytes]]:
        """Headers and body for who takes gzip."""
        if self.packed is None:
            body = gzip.compress(self.body[0], compresslevel=6, mtime=0)
            # Weak, since it stands for the packed body and the plain one.
            tag = ("ETag", f"W/{self.etag}")
            others = [one for one in self.headers if one[0] not in ("ETag", "Content-Length")]
            length = ("Content-Length", str(len(body)))
            self.packed = ([tag, *others, ("Content-Encoding", "gzip"), length], [body])
        return self.packed


class KeptIndex:
    """`folder` is that of the stored objects; kept are files up to `max_bytes` in all."""

    def __init__(
        self, folder: str, *, content_type: str, cache_control: str, max_bytes: int = MAX_BYTES
    ) -> None:
        self._folder = folder
        self._content_type = content_type
        self._cache_control = cache_control
        self._max_bytes = max_bytes
        self._kept: dict[str, IndexFile] = {}
        self._bytes = 0
        self._lock = Lock()

    def __contains__(self, path: str) -> bool:
        return path in self._kept

    def file(self, path: str) -> IndexFile:
        """Of a path that begins with `/index/` and leads nowhere else; raises OSError."""
        found = self._kept.get(path)
        if found is not None:
            facts = os.stat(found.path)  # noqa: PTH116 - Path costs as much as the call
            # A file is replaced as a whole, so another content is another file.
            if (
                facts.st_mtime_ns == found.mtime_ns
                and facts.st_ino == found.inode
                and facts.st_size == found.size
            ):
                return found
        read = self._read(self._folder + path)
        self._keep(path, read)
        return read

    def _read(self, path: str) -> IndexFile:
        descriptor, facts = opened(path)
        with os.fdopen(descriptor, "rb", buffering=0) as file:
            content = file.read()
        etag, modified = etag_of(facts), int(facts.st_mtime)
        validators = [
            ("ETag", etag),
            ("Last-Modified", http_date(modified)),
            ("Cache-Control", self._cache_control),
        ]
        if len(content) >= MIN_PACKED_BYTES:
            validators.append(("Vary", "Accept-Encoding"))
        return IndexFile(
            path=path,
            mtime_ns=facts.st_mtime_ns,
            inode=facts.st_ino,
            size=facts.st_size,
            modified=modified,
            etag=etag,
            validators=validators,
            headers=[("Content-Type", self._content_type), *validators, *common(len(content))],
            body=[content],
        )

    def _keep(self, path: str, read: IndexFile) -> None:
        if read.size > MAX_FILE_BYTES:
            return
        with self._lock:
            before = self._kept.pop(path, None)
            self._bytes += _cost(read) - (_cost(before) if before else 0)
            if self._bytes > self._max_bytes:
                # All of them, which needs no order: what is asked for again is back at once.
                self._kept.clear()
                self._bytes = _cost(read)
            self._kept[path] = read


def _cost(file: IndexFile) -> int:
    # With room for the packed body.
    return OVERHEAD_BYTES + file.size + (file.size // 4 if file.size >= MIN_PACKED_BYTES else 0)
