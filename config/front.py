"""Answers index, downloads and static files in front of Django, straight from the disk.

A hot read costs a tenth of a Django view this way (docs/decisions/0003). Whatever is not plainly
one of these files goes on to Django: other methods, other paths, a private registry, S3.
"""

import mimetypes
import os
import re
import stat
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from email.utils import formatdate, parsedate_to_datetime
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

from registry.formats.access_log import counts
from registry.formats.errors import FormatError
from registry.formats.names import INDEX_PATH, check_crate_name
from registry.formats.semver import Version
from registry.storage import (
    ARCHIVE_CACHE_CONTROL,
    ARCHIVE_TYPE,
    INDEX_CACHE_CONTROL,
    INDEX_TYPE,
    archive_key,
)

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
Application = Callable[[Environ, StartResponse], Iterable[bytes]]

CHUNK = 256 * 1024
DOWNLOAD_PREFIX = "/api/v1/crates/"
DOWNLOAD_SUFFIX = "/download"
STATIC_CACHE_CONTROL = "public, max-age=31536000, immutable"
# What cargo asks for most: kept short, since every step of it is a good part of the whole cost.
INDEX_FILE = re.compile(f"/index/{INDEX_PATH}")


@dataclass(slots=True)  # frozen costs a microsecond
class Served:
    """A file and how to serve it; `fallback`: Django may know better if it is absent.

    `note` is called when the file goes out as a whole.
    """

    path: str
    content_type: str
    cache_control: str
    fallback: bool
    note: Callable[[], None] | None = None


class Front:
    """A WSGI application around another one.

    `objects` is the folder of stored objects and `config` the index's config.json; both are None
    where only Django may answer for them: a private registry, or files on S3. `note_download` is
    told name and number of every archive that counts as downloaded.
    """

    def __init__(
        self,
        inner: Application,
        *,
        static: Path,
        objects: Path | None = None,
        config: bytes | None = None,
        note_download: Callable[[str, str], None] | None = None,
    ) -> None:
        self.inner = inner
        self.note_download = note_download
        self.objects = None if objects is None else str(objects)
        self.static = str(static)
        self.config = config

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] not in ("GET", "HEAD"):
            return self.inner(environ, start_response)
        path = environ["PATH_INFO"]
        if path == "/index/config.json" and self.config is not None:
            headers = [("Content-Type", "application/json"), *_common(len(self.config))]
            start_response("200 OK", headers)
            return [] if environ["REQUEST_METHOD"] == "HEAD" else [self.config]
        served = self._served(path, environ)
        if served is None:
            return self.inner(environ, start_response)
        try:
            file, facts = _opened(served.path)
        except OSError as error:
            if served.fallback:
                return self.inner(environ, start_response)
            # Cargo takes 404 for "no such crate", so nothing but absence may say it.
            if not isinstance(error, FileNotFoundError | NotADirectoryError):
                raise
            start_response(
                "404 Not Found", [("Content-Length", "0"), ("Cache-Control", "no-cache")]
            )
            return []
        return _answer(environ, start_response, served, file, facts)

    def _served(self, path: str, environ: Environ) -> Served | None:
        if path.startswith("/static/"):
            return self._asset(path.removeprefix("/static/"))
        if self.objects is None:
            return None
        # A path that no crate can have is Django's to refuse.
        if INDEX_FILE.fullmatch(path):
            return Served(self.objects + path, INDEX_TYPE, INDEX_CACHE_CONTROL, fallback=False)
        if path.startswith(DOWNLOAD_PREFIX) and path.endswith(DOWNLOAD_SUFFIX):
            return self._archive(self.objects, path, environ)
        return None

    def _asset(self, name: str) -> Served | None:
        # An empty first part would make the path absolute, and nothing of ours is hidden.
        if "\0" in name or any(not part or part.startswith(".") for part in name.split("/")):
            return None
        content_type = mimetypes.guess_type(name)[0] or "application/octet-stream"
        return Served(f"{self.static}/{name}", content_type, STATIC_CACHE_CONTROL, fallback=True)

    def _archive(self, objects: str, path: str, environ: Environ) -> Served | None:
        name, _, num = path[len(DOWNLOAD_PREFIX) : -len(DOWNLOAD_SUFFIX)].partition("/")
        if "json" in environ.get("HTTP_ACCEPT", ""):
            return None
        try:
            check_crate_name(name)
            Version.parse(num)
        except FormatError:
            return None
        # Another spelling, or no such version: Django redirects or explains.
        return Served(
            f"{objects}/{archive_key(name, num)}",
            ARCHIVE_TYPE,
            ARCHIVE_CACHE_CONTROL,
            fallback=True,
            note=self._note(name, num, environ.get("HTTP_USER_AGENT")),
        )

    def _note(self, name: str, num: str, agent: str | None) -> Callable[[], None] | None:
        if self.note_download is None or not counts("GET", 200, agent):
            return None
        return partial(self.note_download, name, num)


def _opened(path: str) -> tuple[int, os.stat_result]:
    """Raises OSError, also for what is no file."""
    file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    facts = os.fstat(file)
    if not stat.S_ISREG(facts.st_mode):
        os.close(file)
        raise IsADirectoryError(path)
    return file, facts


def _answer(
    environ: Environ,
    start_response: StartResponse,
    served: Served,
    file: int,
    facts: os.stat_result,
) -> Iterable[bytes]:
    """Closes the file, or hands it to what is sent piece by piece."""
    rest: Iterable[bytes] | None = None
    try:
        etag = f'"{facts.st_mtime_ns:x}-{facts.st_size:x}"'
        validators = [
            ("ETag", etag),
            ("Last-Modified", _http_date(int(facts.st_mtime))),
            ("Cache-Control", served.cache_control),
        ]
        if _is_fresh(environ, etag, facts.st_mtime):
            start_response("304 Not Modified", validators)
            return []
        headers = [("Content-Type", served.content_type), *validators, *_common(facts.st_size)]
        start_response("200 OK", headers)
        if environ["REQUEST_METHOD"] == "HEAD":
            return []
        if served.note:
            served.note()
        if facts.st_size <= CHUNK:
            return [os.read(file, facts.st_size)]
        rest = _chunks(os.fdopen(file, "rb"))
        return rest
    finally:
        if rest is None:
            os.close(file)


@lru_cache(maxsize=4096)
def _http_date(seconds: int) -> str:
    return formatdate(seconds, usegmt=True)


def _is_fresh(environ: Environ, etag: str, modified: float) -> bool:
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


def _common(length: int) -> list[tuple[str, str]]:
    return [
        ("Content-Length", str(length)),
        ("X-Content-Type-Options", "nosniff"),
        # Diff viewers in a browser read index and archives; no cookie opens anything here.
        ("Access-Control-Allow-Origin", "*"),
    ]


def _chunks(file: Any) -> Iterator[bytes]:
    with file:
        while chunk := file.read(CHUNK):
            yield chunk
