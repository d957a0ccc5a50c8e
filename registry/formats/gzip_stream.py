"""Inflates one gzip member with bounded memory, and counts what comes out."""

import zlib
from collections.abc import Callable
from typing import BinaryIO

from isal import isal_zlib

from registry.formats.errors import FormatError

_INPUT_BYTES = 16 * 1024
_OUTPUT_BYTES = 64 * 1024
# zlib's way to say: a gzip header, and the largest window.
_GZIP_WINDOW = 16 + zlib.MAX_WBITS


class InvalidGzip(FormatError):
    """Not exactly one gzip member, or one that inflates to more than it may."""


class GzipStream:
    """Reads forward only. A second member is refused, since cargo would not read it.

    `watch` is shown everything that comes out, piece by piece.
    """

    def __init__(
        self, file: BinaryIO, *, max_bytes: int, watch: Callable[[bytes], None] | None = None
    ) -> None:
        self._file = file
        self._watch = watch
        self._max_bytes = max_bytes
        # ISA-L's inflates at twice the speed of zlib's, with the same bounds at each step.
        self._inflate = isal_zlib.decompressobj(_GZIP_WINDOW)
        self._ready = b""
        self._taken = 0
        self._pending = b""
        self.inflated = 0

    @property
    def position(self) -> int:
        """How many bytes were read of what comes out."""
        return self.inflated - len(self._ready) + self._taken

    def read(self, size: int) -> bytes:
        """At least one byte and at most `size`; empty only at the end. Raises InvalidGzip."""
        if self._taken == len(self._ready):
            self._ready, self._taken = self._more(), 0
        piece = self._ready[self._taken : self._taken + size]
        self._taken += len(piece)
        return piece

    def read_exactly(self, size: int) -> bytes:
        """Raises InvalidGzip if the stream ends before; the caller bounds `size`."""
        parts: list[bytes] = []
        while size:
            part = self.read(size)
            if not part:
                raise InvalidGzip("it ends in the middle of an entry")
            parts.append(part)
            size -= len(part)
        return b"".join(parts)

    def skip(self, size: int) -> None:
        """Raises InvalidGzip if the stream ends before."""
        while size:
            part = self.read(min(size, _OUTPUT_BYTES))
            if not part:
                raise InvalidGzip("it ends in the middle of an entry")
            size -= len(part)

    def _more(self) -> bytes:
        """The next piece of output; empty once the member and the file have ended together."""
        while not self._inflate.eof:
            if not self._pending:
                self._pending = self._file.read(_INPUT_BYTES)
                if not self._pending:
                    raise InvalidGzip("the gzip data ends early")
            output = self._step()
            if output:
                return output
        if self._inflate.unused_data or self._pending or self._file.read(1):
            raise InvalidGzip("there is data after the end of the gzip data")
        return b""

    def _step(self) -> bytes:
        try:
            output = self._inflate.decompress(self._pending, _OUTPUT_BYTES)
        except isal_zlib.error:  # type: ignore[misc]
            raise InvalidGzip("the gzip data is damaged") from None
        self._pending = self._inflate.unconsumed_tail
        self.inflated += len(output)
        if self.inflated > self._max_bytes:
            raise InvalidGzip(f"it inflates to more than {self._max_bytes} bytes")
        if self._watch:
            self._watch(output)
        return output
