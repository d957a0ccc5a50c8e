"""Which part of a file a request asks for: the headers Range and If-Range (RFC 9110, 13 and 14)."""

import re
from dataclasses import dataclass

from registry.formats.errors import FormatError

_ONE_RANGE = re.compile(r"bytes=[ \t]*(\d{0,18})-(\d{0,18})[ \t]*", re.ASCII | re.IGNORECASE)


class RangeNotSatisfiable(FormatError):
    """The file has no such bytes (HTTP 416)."""


@dataclass(frozen=True, slots=True)
class ByteRange:
    """From byte `first` to byte `last`, that one included, of a file of `size` bytes."""

    first: int
    last: int
    size: int

    @property
    def length(self) -> int:
        return self.last - self.first + 1

    def __str__(self) -> str:
        """As Content-Range has it."""
        return f"bytes {self.first}-{self.last}/{self.size}"


def asked_range(
    header: str | None,
    size: int,
    *,
    if_range: str | None,
    etag: str,
    last_modified: str | None = None,
) -> ByteRange | None:
    """None for the whole file; raises RangeNotSatisfiable.

    The whole is the answer to several parts at once, to what makes no sense, and where the part
    that the client has is of another file than this one with its strong `etag`.
    """
    if header is None or if_range not in (None, etag, last_modified):
        return None
    found = _ONE_RANGE.fullmatch(header.strip())
    if found is None or not (found[1] or found[2]):
        return None
    first, last = found[1], found[2]
    if not first:
        # The last so many bytes.
        start, end = max(0, size - int(last)), size - 1
    else:
        start, end = int(first), min(int(last or size), size - 1)
        if last and int(last) < start:
            return None
    if start >= size:
        raise RangeNotSatisfiable(f"the file has {size} bytes")
    return ByteRange(start, end, size)
