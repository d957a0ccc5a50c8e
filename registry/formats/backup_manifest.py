"""What a backup says of itself: the database's copy, and every archive with size and SHA-256."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from registry.formats.errors import FormatError

FORMAT = 1


class InvalidBackup(FormatError):
    """The manifest is not one, or is of a form that this version does not know."""


@dataclass(frozen=True, slots=True)
class StoredFile:
    """`name` is relative to the backup for its own files, and the object's name for archives."""

    name: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class BackupManifest:
    """`copied` is False where only the list of archives was taken down."""

    made_at: str
    made_by: str
    public_url: str
    database_kind: str
    database: StoredFile
    migrations: tuple[str, ...]
    copied: bool
    archives: tuple[StoredFile, ...]

    def to_json(self) -> bytes:
        """With one archive a line, so that two backups can be compared."""
        head = {
            "format": FORMAT,
            "made_at": self.made_at,
            "made_by": self.made_by,
            "public_url": self.public_url,
            "database_kind": self.database_kind,
            "database": _row(self.database),
            "migrations": list(self.migrations),
            "copied": self.copied,
        }
        lines = ",\n".join(json.dumps(_row(archive)) for archive in self.archives)
        text = json.dumps(head, indent=1)[:-2]
        return f'{text},\n "archives": [\n{lines}\n]}}\n'.encode()


def read_manifest(content: bytes, checksum_line: str) -> BackupManifest:
    """Checked against the line of its own checksum file; raises InvalidBackup."""
    if hashlib.sha256(content).hexdigest() != checksum_line.partition(" ")[0].strip():
        raise InvalidBackup("its SHA-256 is not the one in manifest.json.sha256")
    try:
        return _manifest(json.loads(content))
    except (ValueError, KeyError, TypeError) as error:
        raise InvalidBackup(f"it is not what a backup's manifest looks like ({error})") from None


def checksum_line(content: bytes, name: str) -> str:
    """As `sha256sum` writes and checks it."""
    return f"{hashlib.sha256(content).hexdigest()}  {name}\n"


def _manifest(data: Mapping[str, Any]) -> BackupManifest:
    if data["format"] != FORMAT:
        raise InvalidBackup(f"it has format {data['format']!r}; this version reads {FORMAT}")
    return BackupManifest(
        made_at=str(data["made_at"]),
        made_by=str(data["made_by"]),
        public_url=str(data["public_url"]),
        database_kind=str(data["database_kind"]),
        database=_file(data["database"]),
        migrations=tuple(map(str, data["migrations"])),
        copied=bool(data["copied"]),
        archives=tuple(map(_file, data["archives"])),
    )


def _row(file: StoredFile) -> list[str | int]:
    return [file.name, file.size, file.sha256]


def _file(row: Any) -> StoredFile:
    name, size, sha256 = row
    return StoredFile(str(name), int(size), str(sha256))
