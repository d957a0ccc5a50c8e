"""The built-in client: packs a crate and uploads it as cargo would, where cargo is not installed.

Source: cargo-client reference, 6 and 8.2. It packs crates without dependencies, which is what
the demo publishes.
"""

import gzip
import io
import json
import tarfile
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from demo.web import accepted, ask

_LEFT_OUT = {".git", "target", "Cargo.lock"}
# The time that cargo gives every file, so that equal sources give equal archives.
_MTIME = 1153704088
_PLAIN_KEYS = ("description", "documentation", "homepage", "license", "repository", "links")


class CannotPack(Exception):
    """A crate that needs the real cargo."""


@dataclass(frozen=True, slots=True)
class Package:
    """`metadata` is what cargo says of the archive beside it."""

    metadata: Mapping[str, object]
    archive: bytes


def pack(folder: Path, commit: str | None) -> Package:
    """The crate in `folder`, with a note that it is `commit`.

    Raises CannotPack if the manifest has dependencies.
    """
    manifest = tomllib.loads((folder / "Cargo.toml").read_text())
    if any("dependencies" in key for key in manifest) or "target" in manifest:
        raise CannotPack("the built-in client packs crates without dependencies only; use cargo")
    package = manifest["package"]
    files = dict(_sources(folder))
    if commit is not None:
        record = {"git": {"sha1": commit}, "path_in_vcs": ""}
        files[".cargo_vcs_info.json"] = json.dumps(record, indent=2).encode()
    archive = _archive(f"{package['name']}-{package['version']}", files)
    return Package(_metadata(manifest, folder), archive)


def upload(registry_url: str, token: str, package: Package) -> None:
    """Raises RegistryRefused."""
    text = json.dumps(package.metadata).encode()
    frame = [len(text).to_bytes(4, "little"), text]
    frame += [len(package.archive).to_bytes(4, "little"), package.archive]
    headers = {
        "Authorization": token,
        "Accept": "application/json",
        "Content-Type": "application/octet-stream",
    }
    accepted(ask("PUT", f"{registry_url}/api/v1/crates/new", body=b"".join(frame), headers=headers))


def _sources(folder: Path) -> Iterator[tuple[str, bytes]]:
    for path in folder.rglob("*"):
        relative = path.relative_to(folder)
        if relative.parts[0] not in _LEFT_OUT and path.is_file():
            yield relative.as_posix(), path.read_bytes()


def _archive(prefix: str, files: Mapping[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.GNU_FORMAT) as tar:
        for path in sorted(files):
            entry = tarfile.TarInfo(f"{prefix}/{path}")
            entry.size, entry.mtime = len(files[path]), _MTIME
            tar.addfile(entry, io.BytesIO(files[path]))
    return gzip.compress(packed.getvalue(), mtime=0)


def _metadata(manifest: Mapping[str, Any], folder: Path) -> dict[str, object]:
    package = manifest["package"]
    readme = package.get("readme", "README.md" if (folder / "README.md").is_file() else None)
    return {
        "name": package["name"],
        "vers": package["version"],
        "deps": [],
        "features": manifest.get("features", {}),
        "authors": package.get("authors", []),
        **{key: package.get(key) for key in _PLAIN_KEYS},
        "readme": (folder / readme).read_text() if readme else None,
        "readme_file": readme,
        "keywords": package.get("keywords", []),
        "categories": package.get("categories", []),
        "license_file": package.get("license-file"),
        "badges": {},
        "rust_version": package.get("rust-version"),
    }
