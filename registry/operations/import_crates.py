"""Publishes a folder of archives, through the same door as every upload."""

import io
import json
import struct
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO, cast

from django.conf import settings
from django.utils import timezone

from accounts.errors import InvalidInput
from accounts.models import User
from registry.actors import System
from registry.formats.archive import read_archive
from registry.formats.archive_file import read_text
from registry.formats.errors import FormatError
from registry.formats.manifest import read_manifest
from registry.formats.readme import MAX_README_BYTES
from registry.formats.semver import Version as Semver
from registry.models import Version
from registry.operations.publish import publish
from registry.operations.upload import Origin


@dataclass(frozen=True, slots=True)
class Importable:
    """One archive with the metadata that cargo would have sent."""

    archive: Path
    metadata: dict[str, Any]
    name: str
    number: Semver
    # Crates of this registry that must exist before.
    needs: frozenset[str]
    origin: Origin


def find(folder: Path) -> list[Importable]:
    """What the folder holds, dependencies before dependents.

    Metadata lies beside each archive as `NAME-VERSION.json`, or for all in one `publish.json`
    with `{"crates": [{"file": ..., "metadata": {...}}]}` in publish order. Besides what cargo sends
    it may say `pubtime` (RFC 3339), `yanked`, and as `index` the address of the registry that the
    archive was published to. Raises InvalidInput.
    """
    listing = folder / "publish.json"
    if listing.is_file():
        return [_listed(folder, entry) for entry in _json(listing).get("crates") or []]
    found = [
        _importable(archive, _json(archive.with_suffix(".json")))
        for archive in sorted(folder.glob("*.crate"))
    ]
    return _ordered(found)


def import_one(item: Importable, owner: User) -> bool:
    """Publishes it in the owner's name; False if it is there already. Raises a Refusal."""
    there = Version.everything.filter(
        crate__name=item.name, num_without_build=item.number.without_build
    )
    if there.exists():
        return False
    with item.archive.open("rb") as file:
        metadata = json.dumps(_readme(item, file) | item.metadata).encode()
        head = struct.pack("<I", len(metadata)) + metadata
        head += struct.pack("<I", item.archive.stat().st_size)
        stream = _Joined(io.BytesIO(head), file)
        actor = System("import_crates", on_behalf_of=owner)
        publish(
            actor=actor,
            stream=cast(BinaryIO, stream),
            user_agent="import_crates",
            origin=item.origin,
        )
    return True


def _readme(item: Importable, file: BinaryIO) -> dict[str, str]:
    """What cargo would have sent of it; an index does not say. The file stands at its start again.

    What is wrong with the archive is for the publish to say.
    """
    if "readme" in item.metadata:
        return {}
    limit, folder = settings.MAX_UNPACKED_BYTES, f"{item.name}-{item.metadata['vers']}"
    try:
        archive = read_archive(
            file,
            name=item.name,
            version=item.metadata["vers"],
            max_unpacked_bytes=limit,
            max_entries=settings.MAX_ARCHIVE_ENTRIES,
            token_prefix=settings.TOKEN_PREFIX,
        )
        path = read_manifest(archive.manifest_text, archive.paths).readme
        file.seek(0)
        text = path and read_text(
            file, f"{folder}/{path}", max_unpacked_bytes=limit, max_bytes=MAX_README_BYTES
        )
    except FormatError:
        return {}
    finally:
        file.seek(0)
    return {"readme": text, "readme_file": path} if path and text else {}


class _Joined:
    """Several streams one after the other."""

    def __init__(self, *streams: BinaryIO) -> None:
        self.streams = list(streams)

    def read(self, size: int = -1) -> bytes:
        while self.streams:
            if data := self.streams[0].read(size):
                return data
            self.streams.pop(0)
        return b""


def _listed(folder: Path, entry: object) -> Importable:
    match entry:
        case {"file": str(file), "metadata": dict(metadata)} if (folder / file).is_file():
            return _importable(folder / file, metadata)
    raise InvalidInput(
        "publish.json: each of `crates` must hold `metadata` and the name of a `file` that is "
        f"there, not {entry!r:.99}"
    )


def _importable(archive: Path, metadata: dict[str, Any]) -> Importable:
    match metadata:
        case {"name": str(name), "vers": str(num)}:
            return Importable(
                archive,
                metadata,
                name,
                _number(archive, num),
                _needs(archive, metadata),
                _origin(archive, metadata),
            )
    raise InvalidInput(f"{archive.name}: its metadata must hold `name` and `vers` as texts")


def _number(archive: Path, text: str) -> Semver:
    try:
        return Semver.parse(text)
    except FormatError as error:
        raise InvalidInput(f"{archive.name}: {error}") from None


def _in_utc(moment: datetime) -> datetime | None:
    """None for one without a zone; raises OverflowError before the first day and after the last."""
    return moment.astimezone(UTC) if moment.tzinfo else None


def _origin(archive: Path, metadata: dict[str, Any]) -> Origin:
    index, pubtime = metadata.get("index"), metadata.get("pubtime")
    try:
        published_at = _in_utc(datetime.fromisoformat(pubtime)) if pubtime else None
    except (TypeError, ValueError, OverflowError):
        published_at = None
    if pubtime and published_at is None:
        raise InvalidInput(
            f"{archive.name}: `pubtime` must be a time with its zone, such as 2026-08-31T12:00:00Z"
        )
    # A clock that was ahead must not make a version that is not there yet.
    past = published_at and min(published_at, timezone.now())
    return Origin(
        frozenset({index} if isinstance(index, str) else ()),
        past,
        yanked=metadata.get("yanked") is True,
    )


def _needs(archive: Path, metadata: dict[str, Any]) -> frozenset[str]:
    try:
        return frozenset(
            str(dependency["name"])
            for dependency in metadata.get("deps") or []
            if not dependency.get("registry") and dependency["name"] != metadata["name"]
        )
    except (KeyError, TypeError, AttributeError):
        raise InvalidInput(
            f"{archive.name}: `deps` of its metadata must be a list of objects with a `name`"
        ) from None


def _json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InvalidInput(f"{path.name}: the metadata cannot be read ({error})") from None
    if not isinstance(content, dict):
        raise InvalidInput(f"{path.name}: the metadata must be a JSON object")
    return content


def _ordered(items: list[Importable]) -> list[Importable]:
    """Each behind the crates it needs, lower versions first.

    What only waits for one another is left to the end, for the import to report.
    """
    waiting = sorted(items, key=lambda item: (item.name, item.number))
    here = {item.name for item in items}
    ordered: list[Importable] = []
    while waiting:
        done = {item.name for item in ordered}
        ready = [item for item in waiting if item.needs & here <= done]
        if not ready:
            break
        ordered += ready
        waiting = [item for item in waiting if not item.needs & here <= done]
    return ordered + waiting
