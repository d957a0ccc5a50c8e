"""Reads a .crate within limits: its manifest, its paths, and where it came from.

Source: crates-io-api reference, 2.6; cargo-client reference, 6.
"""

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import BinaryIO

from accounts.token_search import FoundToken, TokenSearch
from registry.formats.errors import FormatError, shown
from registry.formats.gzip_stream import GzipStream, InvalidGzip
from registry.formats.plain_data import InvalidData, parse_json
from registry.formats.tar_stream import FILE_TYPES, FOLDER_TYPE, InvalidTar, TarEntry, TarStream

MAX_PATH_BYTES = 1024
MAX_MANIFEST_BYTES = 1024 * 1024
MAX_VCS_INFO_BYTES = 64 * 1024
MANIFEST = "Cargo.toml"
# Deprecated, but cargo still reads a manifest of this name.
LOWER_CASE_MANIFEST = "cargo.toml"
VCS_INFO = ".cargo_vcs_info.json"

_FORBIDDEN = re.compile(r"[\x00-\x1f\x7f-\x9f\\]|(?:\A|/)[A-Za-z]:")
_TYPE_NAMES = {"1": "hard link", "2": "symbolic link", "3": "device", "4": "device", "6": "fifo"}


class InvalidArchive(FormatError):
    """Not an archive that this registry would hand to anybody."""


@dataclass(frozen=True, slots=True)
class PackedToken:
    """What looks like an access token of this installation, in the content or name of a file."""

    path: str
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Archive:
    """`paths` are the files, relative to `NAME-VERSION/`, in the archive's order.

    `vcs_info` is what cargo wrote about the repository, None without a readable record;
    `unpacked_bytes` counts everything that the gzip data inflates to.
    """

    manifest_text: str
    manifest_path: str
    paths: tuple[str, ...]
    vcs_info: dict[str, object] | None
    unpacked_bytes: int
    tokens: tuple[PackedToken, ...] = ()


def read_archive(
    file: BinaryIO,
    *,
    name: str,
    version: str,
    max_unpacked_bytes: int,
    max_entries: int,
    token_prefix: str,
) -> Archive:
    """Reads `file` from where it stands, with memory for paths and manifest alone.

    Tokens are looked for that begin with `token_prefix`. Raises InvalidArchive.
    """
    search = TokenSearch(token_prefix)
    stream = GzipStream(file, max_bytes=max_unpacked_bytes, watch=search.feed)
    reader = _Reader(TarStream(stream), prefix=f"{name}-{version}", max_entries=max_entries)
    try:
        reader.read()
    except (InvalidGzip, InvalidTar) as error:
        raise InvalidArchive(
            f"uploaded tarball is malformed or too large when decompressed: {error}"
        ) from None
    _check_collisions(reader.files, reader.folders)
    manifest_path = _manifest_path(reader.manifests)
    return Archive(
        manifest_text=_decoded(reader.manifests[manifest_path]),
        manifest_path=manifest_path,
        paths=tuple(reader.files),
        vcs_info=_vcs_info(reader.vcs_info),
        unpacked_bytes=stream.inflated,
        tokens=tuple(_packed(token, reader.files, reader.ends) for token in search.found),
    )


class _Reader:
    def __init__(self, tar: TarStream, *, prefix: str, max_entries: int) -> None:
        self._tar = tar
        self._prefix = prefix
        self._max_entries = max_entries
        self.files: list[str] = []
        # Where in the archive the content of each file ends.
        self.ends: list[int] = []
        self.folders: list[str] = []
        self.manifests: dict[str, bytes] = {}
        self.vcs_info = b""

    def read(self) -> None:
        for count, entry in enumerate(self._tar, start=1):
            if count > self._max_entries:
                raise InvalidArchive(
                    f"uploaded tarball contains more than {self._max_entries} entries"
                )
            self._take(entry)

    def _take(self, entry: TarEntry) -> None:
        if entry.type == FOLDER_TYPE:
            path = _relative(entry.path.removesuffix("/"), self._prefix)
            if entry.size:
                raise InvalidTar(f"the folder {shown(entry.path)} has content")
            self.folders.append(path)
        elif entry.type in FILE_TYPES:
            path = _relative(entry.path, self._prefix)
            if not path:
                raise _invalid_path(entry.path, "a file stands in place of the folder")
            self.files.append(path)
            self.ends.append(entry.end)
            self._keep(path, entry)
        else:
            kind = _TYPE_NAMES.get(entry.type, shown(entry.type))
            raise InvalidArchive(f"unexpected tar entry type {kind} found: {shown(entry.path)}")

    def _keep(self, path: str, entry: TarEntry) -> None:
        if path.lower() == LOWER_CASE_MANIFEST:
            if entry.size > MAX_MANIFEST_BYTES:
                raise InvalidArchive(f"`{path}` has more than {MAX_MANIFEST_BYTES} bytes")
            if path in self.manifests or len(self.manifests) == 2:
                raise InvalidArchive(f"uploaded tarball contains more than one `{MANIFEST}`")
            self.manifests[path] = self._tar.read_content(MAX_MANIFEST_BYTES)
        elif path == VCS_INFO and entry.size <= MAX_VCS_INFO_BYTES:
            self.vcs_info = self._tar.read_content(MAX_VCS_INFO_BYTES)


def _packed(token: FoundToken, files: Sequence[str], ends: Sequence[int]) -> PackedToken:
    at = bisect_right(ends, token.offset)
    return PackedToken(files[at] if at < len(files) else "the archive", token.text)


def _relative(path: str, prefix: str) -> str:
    """The path below the prefix, empty for the prefix itself."""
    if len(path.encode()) > MAX_PATH_BYTES:
        raise _invalid_path(path, f"it is longer than {MAX_PATH_BYTES} bytes")
    if _FORBIDDEN.search(path):
        raise _invalid_path(path, "backslashes, drive letters and control characters are refused")
    first, *rest = path.split("/")
    if first != prefix:
        raise _invalid_path(path, f"every path must be below `{shown(prefix)}/`")
    if any(part in ("", ".", "..") for part in rest):
        raise _invalid_path(path, "empty, `.` and `..` components are refused")
    return "/".join(rest)


def _invalid_path(path: str, reason: str) -> InvalidArchive:
    return InvalidArchive(f"invalid path found: {shown(path)} ({reason})")


def _check_collisions(files: Iterable[str], folders: Iterable[str]) -> None:
    """Refuses paths that would land on one place, also where case or accents do not count."""
    # NUL cannot occur in a path, so everything below a folder sorts right behind it.
    places = sorted(
        [(_folded(path), False, path) for path in files]
        + [(_folded(path), True, path) for path in folders]
    )
    for (place, is_folder, path), (next_place, _, next_path) in pairwise(places):
        inside_file = not is_folder and next_place.startswith(f"{place}\0")
        if place == next_place or inside_file:
            raise InvalidArchive(
                "invalid path found: "
                f"{shown(next_path)} (it collides with {shown(path)} on some systems)"
            )


def _folded(path: str) -> str:
    return unicodedata.normalize("NFC", path).casefold().replace("/", "\0")


def _manifest_path(manifests: Iterable[str]) -> str:
    found = sorted(manifests)
    if not found:
        raise InvalidArchive(f"uploaded tarball is missing a `{MANIFEST}` manifest file")
    if len(found) > 1:
        names = ", ".join(f"`{name}`" for name in found)
        raise InvalidArchive(f"uploaded tarball contains more than one `{MANIFEST}`: {names}")
    if found[0] not in (MANIFEST, LOWER_CASE_MANIFEST):
        raise InvalidArchive(
            f"uploaded tarball contains `{found[0]}`, but the manifest must be named "
            f"`{MANIFEST}` with that exact casing"
        )
    return found[0]


def _decoded(manifest: bytes) -> str:
    try:
        return manifest.decode()
    except UnicodeDecodeError:
        raise InvalidArchive(f"failed to parse `{MANIFEST}`: it is not UTF-8") from None


def _vcs_info(data: bytes) -> dict[str, object] | None:
    """Whatever is wrong with it, the record is only left out: cargo does not need it."""
    try:
        found = parse_json(data)
    except InvalidData:
        return None
    return found if isinstance(found, dict) else None
