"""One text file out of a .crate, read within the archive's limits."""

from typing import BinaryIO

from registry.formats.gzip_stream import GzipStream
from registry.formats.tar_stream import FILE_TYPES, TarStream


def read_text(file: BinaryIO, path: str, *, max_unpacked_bytes: int, max_bytes: int) -> str | None:
    """`path` starts with the folder of the archive; None where it is absent, too long or no text.

    Raises a FormatError for what is no archive, as far as it is read.
    """
    tar = TarStream(GzipStream(file, max_bytes=max_unpacked_bytes))
    for entry in tar:
        if entry.path == path and entry.type in FILE_TYPES:
            if entry.size > max_bytes:
                return None
            try:
                return tar.read_content(max_bytes).decode()
            except UnicodeDecodeError:
                return None
    return None
