"""Reads the entries of a tar archive one by one, and refuses whatever two readers could see
differently: the standard library's reader is lenient, and keeps every extension header.

Sources: POSIX.1-2017 pax, "ustar" and "pax" interchange formats; GNU tar manual, "Basic Format".
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from registry.formats.errors import FormatError, shown
from registry.formats.gzip_stream import GzipStream

BLOCK = 512
MAX_LONG_NAME = 8 * 1024
MAX_PAX_BYTES = 64 * 1024
# What a file, a folder and the two kinds of extension header are called in a header.
FILE_TYPES = frozenset("0\0")
FOLDER_TYPE = "5"
_LONG_NAME_TYPE = "L"
_PAX_TYPE = "x"

_END = bytes(BLOCK)
_OCTAL = re.compile(rb"[0-7]{1,12}")
_PAX_LENGTH = re.compile(rb"([1-9][0-9]{0,6}) ")


class InvalidTar(FormatError):
    """Damaged, or ambiguous; the text says why."""


@dataclass(frozen=True, slots=True)
class TarEntry:
    """`type` is the header's type flag; `size` the bytes of content that follow.

    `end` is where in the archive that content ends.
    """

    path: str
    type: str
    size: int
    end: int


class TarStream:
    """Iterate for the entries; `read_content` gives the bytes of the latest one."""

    def __init__(self, stream: GzipStream) -> None:
        self._stream = stream
        self._unread = 0
        self._padding = 0

    def __iter__(self) -> Iterator[TarEntry]:
        """Raises InvalidTar, also where the archive's end mark is missing or not the end."""
        while (header := self._next_header()) is not None:
            extensions = _Extensions()
            while header.type in (_LONG_NAME_TYPE, _PAX_TYPE):
                self._read_extension(header, extensions)
                following = self._next_header()
                if following is None:
                    raise InvalidTar("it ends after an extension header")
                header = following
            yield extensions.apply(header, end=self._stream.position + header.size)
        self._check_end()

    def read_content(self, limit: int) -> bytes:
        """Raises InvalidTar if the latest entry has more than `limit` bytes."""
        if self._unread > limit:
            raise InvalidTar(f"an entry has {self._unread} bytes, at most {limit} are read")
        content = self._stream.read_exactly(self._unread)
        self._unread = 0
        return content

    def _next_header(self) -> "_Header | None":
        self._stream.skip(self._unread + self._padding)
        self._unread = self._padding = 0
        block = self._stream.read_exactly(BLOCK)
        if block == _END:
            return None
        header = _Header.parse(block)
        self._unread = header.size
        self._padding = -header.size % BLOCK
        return header

    def _read_extension(self, header: "_Header", extensions: "_Extensions") -> None:
        if header.type == _LONG_NAME_TYPE:
            extensions.take_long_name(self.read_content(MAX_LONG_NAME))
        else:
            extensions.take_pax(self.read_content(MAX_PAX_BYTES))

    def _check_end(self) -> None:
        """A second empty block, then nothing but padding."""
        if self._stream.read_exactly(BLOCK) != _END:
            raise InvalidTar("it has an empty header between its entries")
        while block := self._stream.read(64 * 1024):
            if block.count(0) != len(block):
                raise InvalidTar("there is data after the end of the tar archive")


@dataclass(frozen=True, slots=True)
class _Header:
    path: bytes
    type: str
    size: int

    @classmethod
    def parse(cls, block: bytes) -> "_Header":
        checksum = sum(block) - sum(block[148:156]) + 8 * ord(" ")
        if _octal(block[148:156]) != checksum:
            raise InvalidTar("a header has a wrong checksum")
        return cls(path=_full_path(block), type=chr(block[156]), size=_octal(block[124:136]))


class _Extensions:
    """What the headers in front of an entry say about it."""

    def __init__(self) -> None:
        self.path: bytes | None = None
        self.size: bytes | None = None
        self._has_pax = False

    def take_long_name(self, content: bytes) -> None:
        self._take_path(content.removesuffix(b"\0"))

    def take_pax(self, content: bytes) -> None:
        if self._has_pax:
            raise InvalidTar("an entry has two pax headers")
        self._has_pax = True
        for key, value in _pax_records(content):
            if key == b"path":
                self._take_path(value)
            elif key == b"size":
                if self.size is not None:
                    raise InvalidTar("an entry has two sizes")
                self.size = value
            elif key.startswith(b"GNU.sparse.") or key in (b"linkpath", b"hdrcharset"):
                raise InvalidTar(f"the pax key `{key.decode('ascii', 'replace')}` is not supported")

    def apply(self, header: _Header, *, end: int) -> TarEntry:
        if self.size is not None and self.size != str(header.size).encode():
            raise InvalidTar("a pax header and its entry disagree about the size")
        raw = header.path if self.path is None else self.path
        try:
            path = raw.decode()
        except UnicodeDecodeError:
            path = raw.decode(errors="backslashreplace")
            raise InvalidTar(f"invalid path found: {shown(path)} (it is not UTF-8)") from None
        return TarEntry(path=path, type=header.type, size=header.size, end=end)

    def _take_path(self, path: bytes) -> None:
        if self.path is not None:
            raise InvalidTar("an entry has two paths")
        self.path = path


def _full_path(block: bytes) -> bytes:
    name, prefix = _until_nul(block[:100]), _until_nul(block[345:500])
    if not prefix:
        return name
    # Only ustar keeps the front of a path here; GNU tar keeps times in the same place.
    if block[257:263] != b"ustar\0":
        raise InvalidTar("a header has fields of an unknown format")
    return prefix + b"/" + name


def _octal(field: bytes) -> int:
    digits = _until_nul(field).strip(b" ")
    if not _OCTAL.fullmatch(digits):
        raise InvalidTar("a header has a field that is not a number")
    return int(digits, 8)


def _until_nul(field: bytes) -> bytes:
    return field.split(b"\0", 1)[0]


def _pax_records(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    """`LENGTH KEY=VALUE` and a line feed, where the length counts the whole record."""
    at = 0
    while at < len(content):
        found = _PAX_LENGTH.match(content, at)
        length = int(found[1]) if found else 0
        record = content[at : at + length]
        if not found or len(record) != length or not record.endswith(b"\n"):
            raise InvalidTar("a pax header is damaged")
        key, equals, value = record[found.end() - at : -1].partition(b"=")
        if not equals or not key or length <= found.end() - at:
            raise InvalidTar("a pax header is damaged")
        at += length
        yield key, value
