"""The lines of a file that may be compressed, one after the other."""

import gzip
import shutil
import subprocess
import zlib
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any, BinaryIO

GZIP = b"\x1f\x8b"
ZSTD = b"\x28\xb5\x2f\xfd"
# No server writes longer ones; a file without line feeds must not fill the memory.
MAX_LINE = 256 * 1024


class UnreadableLog(Exception):
    """The file is absent, damaged or packed in a way that cannot be read here."""


def lines_of(name: str, standard_input: BinaryIO) -> Iterator[bytes]:
    """Lines with their line feeds, unpacked as the first bytes say; `-` is standard input.

    A line longer than MAX_LINE comes in pieces. Raises UnreadableLog, maybe after the last line.
    """
    is_piped = name == "-"
    try:
        with nullcontext(standard_input) if is_piped else Path(name).open("rb") as packed:
            # Both are buffered readers, which can look ahead.
            magic = packed.peek(len(ZSTD))[: len(ZSTD)]  # type: ignore[attr-defined]
            if magic == ZSTD:
                yield from _unpacked_by_zstd(name, is_piped=is_piped)
            elif magic.startswith(GZIP):
                with gzip.open(packed) as file:
                    yield from _lines(file)
            else:
                yield from _lines(packed)
    except (OSError, EOFError, zlib.error) as error:
        reason = error.strerror if isinstance(error, OSError) else None
        raise UnreadableLog(f"it cannot be read ({reason or error})") from None


def _lines(file: Any) -> Iterator[bytes]:
    return iter(lambda: file.readline(MAX_LINE), b"")


def _unpacked_by_zstd(name: str, *, is_piped: bool) -> Iterator[bytes]:
    """Through the program, since Python itself reads zstd from 3.14 on."""
    if is_piped:
        raise UnreadableLog("zstd is not read from standard input; put `zstd -dc` before it")
    program = shutil.which("zstd")
    if program is None:
        raise UnreadableLog(
            "it is packed with zstd, and the program zstd is not installed here; install the "
            "package zstd, or unpack the log where that program is"
        )
    with subprocess.Popen(
        [program, "--decompress", "--stdout", "--quiet", "--", name],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as process:
        assert process.stdout
        yield from _lines(process.stdout)
        if process.wait():
            raise UnreadableLog("zstd says that it is damaged")
