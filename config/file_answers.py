"""A file as an answer of HTTP: validators, conditional requests, and parts of it."""

import os
import stat
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from email.utils import formatdate, parsedate_to_datetime
from functools import lru_cache
from typing import Any

from registry.formats.byte_range import ByteRange, RangeNotSatisfiable, asked_range

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
Header = tuple[str, str]

CHUNK = 256 * 1024


@dataclass(slots=True)  # frozen costs a microsecond
class Served:
    """A file and how to serve it; `note` is called when it goes out as a whole."""

    path: str
    content_type: str
    cache_control: str
    note: Callable[[], None] | None = None


def opened(path: str) -> tuple[int, os.stat_result]:
    """Raises OSError, also for what is no file."""
    file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    facts = os.fstat(file)
    if not stat.S_ISREG(facts.st_mode):
        os.close(file)
        raise IsADirectoryError(path)
    return file, facts


def answer(
    environ: Environ,
    start_response: StartResponse,
    served: Served,
    file: int,
    facts: os.stat_result,
) -> Iterable[bytes]:
    """Closes the file, or hands it to what is sent piece by piece."""
    rest: Iterable[bytes] | None = None
    try:
        etag, size = etag_of(facts), facts.st_size
        validators = [
            ("ETag", etag),
            ("Last-Modified", http_date(int(facts.st_mtime))),
            ("Cache-Control", served.cache_control),
        ]
        if is_fresh(environ, etag, facts.st_mtime):
            start_response("304 Not Modified", validators)
            return []
        try:
            part = _part(environ, size, validators)
        except RangeNotSatisfiable:
            nothing = [("Content-Range", f"bytes */{size}"), *common(0)]
            start_response("416 Range Not Satisfiable", nothing)
            return []
        headers = [("Content-Type", served.content_type), *validators, ("Accept-Ranges", "bytes")]
        if part:
            headers += [("Content-Range", str(part)), *common(part.length)]
            start_response("206 Partial Content", headers)
            os.lseek(file, part.first, os.SEEK_SET)
        else:
            start_response("200 OK", [*headers, *common(size)])
            if environ["REQUEST_METHOD"] == "HEAD":
                return []
            if served.note:
                served.note()
        length = part.length if part else size
        if length <= CHUNK:
            return [os.read(file, length)]
        rest = _chunks(os.fdopen(file, "rb"), length)
        return rest
    finally:
        if rest is None:
            os.close(file)


def etag_of(facts: os.stat_result) -> str:
    return f'"{facts.st_mtime_ns:x}-{facts.st_size:x}"'


@lru_cache(maxsize=4096)
def http_date(seconds: int) -> str:
    return formatdate(seconds, usegmt=True)


def is_fresh(environ: Environ, etag: str, modified: float) -> bool:
    """RFC 9110, 13.2.2: the date counts only where no entity tag was sent."""
    tags = environ.get("HTTP_IF_NONE_MATCH")
    if tags is not None:
        if tags == etag:
            return True
        # A proxy may have made the tag weak when it compressed the answer.
        return tags.strip() == "*" or etag in [
            tag.strip().removeprefix("W/") for tag in tags.split(",")
        ]
    since = environ.get("HTTP_IF_MODIFIED_SINCE")
    if since is None:
        return False
    try:
        return int(modified) <= parsedate_to_datetime(since).timestamp()
    except (ValueError, TypeError, OverflowError):
        return False


def common(length: int) -> list[Header]:
    return [
        ("Content-Length", str(length)),
        ("X-Content-Type-Options", "nosniff"),
        # Diff viewers in a browser read index and archives; no cookie opens anything here.
        ("Access-Control-Allow-Origin", "*"),
    ]


def _part(environ: Environ, size: int, validators: list[Header]) -> ByteRange | None:
    if environ["REQUEST_METHOD"] != "GET":
        return None
    known = dict(validators)
    return asked_range(
        environ.get("HTTP_RANGE"),
        size,
        if_range=environ.get("HTTP_IF_RANGE"),
        etag=known["ETag"],
        last_modified=known["Last-Modified"],
    )


def _chunks(file: Any, length: int) -> Iterator[bytes]:
    with file:
        while length and (chunk := file.read(min(CHUNK, length))):
            length -= len(chunk)
            yield chunk
