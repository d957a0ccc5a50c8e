"""Builders of .crate archives, of the metadata that cargo sends with them, and of frames."""

import gzip
import io
import json
import tarfile
from collections.abc import Iterable, Mapping

MANIFEST = """\
[package]
name = "{name}"
version = "{version}"
edition = "2021"
description = "A crate made for a test"
license = "MIT OR Apache-2.0"
"""


def manifest_for(name: str = "demo-crate", version: str = "0.1.0", extra: str = "") -> str:
    """A complete Cargo.toml; `extra` continues the `package` table or opens others."""
    return MANIFEST.format(name=name, version=version) + extra


def build_crate(
    name: str = "demo-crate",
    version: str = "0.1.0",
    *,
    manifest: str | None = None,
    files: Mapping[str, bytes] | None = None,
    entries: Iterable[tuple[tarfile.TarInfo, bytes]] = (),
    format: int = tarfile.GNU_FORMAT,
) -> bytes:
    """A .crate with Cargo.toml and `files` (by default `src/lib.rs`) below `NAME-VERSION/`.

    `entries` go in as they are, behind the others. The same arguments give the same bytes.
    """
    text = manifest_for(name, version) if manifest is None else manifest
    contents = {"Cargo.toml": text.encode()}
    contents |= {"src/lib.rs": b"//! A demo.\n"} if files is None else files
    members = [(entry(f"{name}-{version}/{path}"), data) for path, data in contents.items()]
    return build_archive([*members, *entries], format=format)


def build_archive(
    entries: Iterable[tuple[tarfile.TarInfo, bytes]], *, format: int = tarfile.GNU_FORMAT
) -> bytes:
    """A gzip-compressed tar of exactly these entries; sizes are filled in for files."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=format) as tar:
        for info, data in entries:
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return gzip.compress(packed.getvalue(), mtime=0)


def entry(
    path: str, *, type: bytes = tarfile.REGTYPE, pax: Mapping[str, str] | None = None
) -> tarfile.TarInfo:
    """One header; `path` is not changed in any way."""
    info = tarfile.TarInfo(path)
    info.type = type
    info.pax_headers = dict(pax or {})
    return info


def metadata_for(
    name: str = "demo-crate", version: str = "0.1.0", **changed: object
) -> dict[str, object]:
    """What cargo sends for the default manifest, with some keys changed."""
    return {
        "name": name,
        "vers": version,
        "deps": [],
        "features": {},
        "authors": [],
        "description": "A crate made for a test",
        "documentation": None,
        "homepage": None,
        "readme": None,
        "readme_file": None,
        "keywords": [],
        "categories": [],
        "license": "MIT OR Apache-2.0",
        "license_file": None,
        "repository": None,
        "badges": {},
        "links": None,
        "rust_version": None,
        **changed,
    }


def build_frame(metadata: Mapping[str, object], crate: bytes) -> bytes:
    """The body of a publish request."""
    text = json.dumps(metadata).encode()
    return len(text).to_bytes(4, "little") + text + len(crate).to_bytes(4, "little") + crate
