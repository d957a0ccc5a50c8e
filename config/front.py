"""Answers index, downloads and static files in front of Django, straight from the disk.

A hot read costs a tenth of a Django view this way (docs/decisions/0003). Whatever is not plainly
one of these files goes on to Django: other methods, other paths, a private registry, S3.
"""

import mimetypes
import re
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

from config.file_answers import (
    Environ,
    Served,
    StartResponse,
    answer,
    common,
    is_fresh,
    opened,
)
from config.kept_index import MIN_PACKED_BYTES, KeptIndex
from registry.formats.accept_encoding import takes_gzip
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

Application = Callable[[Environ, StartResponse], Iterable[bytes]]

DOWNLOAD_PREFIX = "/api/v1/crates/"
DOWNLOAD_SUFFIX = "/download"
STATIC_CACHE_CONTROL = "public, max-age=31536000, immutable"
# What cargo asks for most: kept short, since every step of it is a good part of the whole cost.
INDEX_FILE = re.compile(f"/index/{INDEX_PATH}")


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
        self.index = None if objects is None else _kept_index(str(objects))
        self.static = str(static)
        self.config = config

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] not in ("GET", "HEAD"):
            return self.inner(environ, start_response)
        path = environ["PATH_INFO"]
        # A path that no crate can have is Django's to refuse.
        if self.index is not None and (path in self.index or INDEX_FILE.fullmatch(path)):
            return _index_file(environ, start_response, self.index, path)
        if path == "/index/config.json" and self.config is not None:
            headers = [("Content-Type", "application/json"), *common(len(self.config))]
            start_response("200 OK", headers)
            return [] if environ["REQUEST_METHOD"] == "HEAD" else [self.config]
        served = self._served(path, environ)
        if served is None:
            return self.inner(environ, start_response)
        try:
            file, facts = opened(served.path)
        except OSError:
            # Django may know better.
            return self.inner(environ, start_response)
        return answer(environ, start_response, served, file, facts)

    def _served(self, path: str, environ: Environ) -> Served | None:
        if path.startswith("/static/"):
            return self._asset(path.removeprefix("/static/"))
        if self.objects is None:
            return None
        if path.startswith(DOWNLOAD_PREFIX) and path.endswith(DOWNLOAD_SUFFIX):
            return self._archive(self.objects, path, environ)
        return None

    def _asset(self, name: str) -> Served | None:
        # An empty first part would make the path absolute, and nothing of ours is hidden.
        if "\0" in name or any(not part or part.startswith(".") for part in name.split("/")):
            return None
        content_type = mimetypes.guess_type(name)[0] or "application/octet-stream"
        return Served(f"{self.static}/{name}", content_type, STATIC_CACHE_CONTROL)

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
            note=self._note(name, num, environ.get("HTTP_USER_AGENT")),
        )

    def _note(self, name: str, num: str, agent: str | None) -> Callable[[], None] | None:
        if self.note_download is None or not counts("GET", 200, agent):
            return None
        return partial(self.note_download, name, num)


def _kept_index(folder: str) -> KeptIndex:
    return KeptIndex(folder, content_type=INDEX_TYPE, cache_control=INDEX_CACHE_CONTROL)


def _index_file(
    environ: Environ, start_response: StartResponse, index: KeptIndex, path: str
) -> Iterable[bytes]:
    """Raises OSError for a file that is there and cannot be read.

    Cargo takes 404 for "no such crate", so nothing but absence may say it.
    """
    try:
        file = index.file(path)
    except (FileNotFoundError, NotADirectoryError):
        start_response("404 Not Found", [("Content-Length", "0"), ("Cache-Control", "no-cache")])
        return []
    if is_fresh(environ, file.etag, file.modified):
        start_response("304 Not Modified", file.validators)
        return []
    headers, body = file.headers, file.body
    if file.size >= MIN_PACKED_BYTES and takes_gzip(environ.get("HTTP_ACCEPT_ENCODING", "")):
        headers, body = file.as_packed()
    start_response("200 OK", headers)
    return [] if environ["REQUEST_METHOD"] == "HEAD" else body
