"""The two length-prefixed parts of a publish request: what is published, and the archive.

Source: crates-io-api reference, 2.1 and 2.2. The parts are read one after the other, so that
whoever may not publish is refused before the archive is read.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from registry.formats.dependencies import DependencyKind, MetadataDependency
from registry.formats.errors import FormatError, TooLarge
from registry.formats.plain_data import InvalidData, parse_json
from registry.formats.platforms import InvalidPlatform, normal_platform

MAX_METADATA_BYTES = 1024 * 1024
CHUNK_BYTES = 64 * 1024


class InvalidFrame(FormatError):
    """A request that ends early, or metadata that is not what cargo sends."""


class Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


class Writable(Protocol):
    def write(self, data: bytes, /) -> object: ...


@dataclass(frozen=True, slots=True)
class PublishMetadata:
    """What counts of the metadata; all else is taken from the archive's Cargo.toml."""

    name: str
    vers: str
    readme: str | None
    readme_file: str | None
    dependencies: tuple[MetadataDependency, ...]


@dataclass(frozen=True, slots=True)
class ArchiveDigest:
    """`size` in bytes, `sha256` in lower-case hex."""

    size: int
    sha256: str


def read_metadata(stream: Readable) -> PublishMetadata:
    """Reads the first part and not one byte more. Raises InvalidFrame or TooLarge."""
    length = _read_length(stream, "metadata")
    if length > MAX_METADATA_BYTES:
        raise TooLarge("JSON metadata blob too large")
    data = b"".join(_chunks(stream, length, "metadata"))
    try:
        document = parse_json(data)
    except InvalidData as error:
        raise InvalidFrame(f"invalid upload request: {error}") from None
    if not isinstance(document, dict):
        raise InvalidFrame("invalid upload request: the metadata must be a JSON object")
    return _metadata(document)


def read_archive_into(stream: Readable, into: Writable, *, limit: int) -> ArchiveDigest:
    """Copies the second part, at most `limit` bytes of it, without holding it in memory.

    Raises InvalidFrame or TooLarge. Bytes behind the archive are left unread.
    """
    length = _read_length(stream, "tarball")
    if length > limit:
        raise TooLarge(f"max upload size is: {limit}")
    digest = hashlib.sha256()
    for chunk in _chunks(stream, length, "tarball"):
        digest.update(chunk)
        into.write(chunk)
    return ArchiveDigest(size=length, sha256=digest.hexdigest())


def _read_length(stream: Readable, part: str) -> int:
    word = b""
    while len(word) < 4:
        more = stream.read(4 - len(word))
        if not more:
            raise InvalidFrame(f"invalid {part} length")
        word += more
    return int.from_bytes(word, "little")


def _chunks(stream: Readable, length: int, part: str) -> Iterator[bytes]:
    remaining = length
    while remaining:
        chunk = stream.read(min(remaining, CHUNK_BYTES))
        if not chunk:
            raise InvalidFrame(f"invalid {part} length for remaining payload: {length}")
        remaining -= len(chunk)
        yield chunk


def _metadata(document: dict[str, object]) -> PublishMetadata:
    dependencies = document.get("deps") or []
    if not isinstance(dependencies, list):
        raise _wrong("deps", "a list")
    return PublishMetadata(
        name=_text(document, "name"),
        vers=_text(document, "vers"),
        readme=_text_or_none(document, "readme"),
        readme_file=_text_or_none(document, "readme_file"),
        dependencies=tuple(_dependency(item, f"deps[{n}]") for n, item in enumerate(dependencies)),
    )


def _dependency(item: object, where: str) -> MetadataDependency:
    if not isinstance(item, dict):
        raise _wrong(where, "an object")
    target = _text_or_none(item, "target", where)
    return MetadataDependency(
        name=_text(item, "name", where),
        alias=_text_or_none(item, "explicit_name_in_toml", where),
        kind=_kind(item, where),
        target=_platform(target, where) if target else None,
        registry=_text_or_none(item, "registry", where),
    )


def _kind(item: dict[str, object], where: str) -> DependencyKind:
    text = _text_or_none(item, "kind", where) or DependencyKind.NORMAL
    if text not in set(DependencyKind):
        raise _wrong(f"{where}.kind", "one of normal, build and dev")
    return DependencyKind(text)


def _platform(target: str, where: str) -> str:
    try:
        return normal_platform(target)
    except InvalidPlatform as error:
        raise InvalidFrame(f"invalid upload request: `{where}.target`: {error}") from None


def _text(item: dict[str, object], key: str, where: str = "") -> str:
    value = item.get(key)
    if not isinstance(value, str):
        raise _wrong(f"{where}.{key}" if where else key, "a string")
    return value


def _text_or_none(item: dict[str, object], key: str, where: str = "") -> str | None:
    return None if item.get(key) is None else _text(item, key, where)


def _wrong(field: str, wanted: str) -> InvalidFrame:
    return InvalidFrame(f"invalid upload request: `{field}` must be {wanted}")
