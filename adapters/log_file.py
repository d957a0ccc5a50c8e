"""The text of a file that may be compressed, in pieces, as often as wanted."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Protocol

from isal import igzip_threaded, isal_zlib

GZIP = b"\x1f\x8b"
ZSTD = b"\x28\xb5\x2f\xfd"
PIECE = 256 * 1024


class _Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


class UnreadableLog(Exception):
    """The file is absent, damaged or packed in a way that cannot be read here."""


@contextmanager
def log_path(name: str, standard_input: BinaryIO) -> Iterator[Path]:
    """Where the file is; `-` is standard input, which is kept on the disk meanwhile."""
    if name != "-":
        yield Path(name)
        return
    with tempfile.NamedTemporaryFile(prefix="waybill-log-") as copy:
        shutil.copyfileobj(standard_input, copy)
        copy.flush()
        yield Path(copy.name)


def pieces_of(path: Path) -> Iterator[bytes]:
    """The text, unpacked as the first bytes say.

    Raises UnreadableLog, maybe after the last piece: what is packed has a checksum at its end.
    """
    try:
        with path.open("rb") as packed:
            magic = packed.peek(len(ZSTD))[: len(ZSTD)]
            if magic == ZSTD:
                yield from _unpacked_by_zstd(path)
            elif magic.startswith(GZIP):
                # Unpacked by a thread, while whoever asks works on the piece before.
                with igzip_threaded.open(packed, block_size=PIECE) as file:  # type: ignore[no-untyped-call]
                    yield from _pieces(file)
            else:
                yield from _pieces(packed)
    except (OSError, EOFError, isal_zlib.IsalError) as error:  # type: ignore[misc]
        reason = error.strerror if isinstance(error, OSError) else None
        raise UnreadableLog(f"it cannot be read ({reason or error})") from None


def _pieces(file: _Readable) -> Iterator[bytes]:
    return iter(lambda: file.read(PIECE), b"")


def _unpacked_by_zstd(path: Path) -> Iterator[bytes]:
    """Through the program, since Python itself reads zstd from 3.14 on."""
    program = shutil.which("zstd")
    if program is None:
        raise UnreadableLog(
            "it is packed with zstd, and the program zstd is not installed here; install the "
            "package zstd, or unpack the log where that program is"
        )
    with subprocess.Popen(
        [program, "--decompress", "--stdout", "--quiet", "--", path],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as process:
        assert process.stdout
        yield from _pieces(process.stdout)
        if process.wait():
            raise UnreadableLog("zstd says that it is damaged")
