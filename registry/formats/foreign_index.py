"""A sparse index of another registry: its config.json, and its lines, one for each version."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

from registry.formats.errors import FormatError, shown
from registry.formats.names import canonical, check_crate_name
from registry.formats.semver import Version

_SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)
_MARKERS = ("{crate}", "{version}", "{prefix}", "{lowerprefix}", "{sha256-checksum}")


class InvalidIndex(FormatError):
    """The other registry answers something that cargo would not take either."""


@dataclass(frozen=True, slots=True)
class ForeignVersion:
    """One line. `needs` are crates of the same registry."""

    name: str
    num: str
    checksum: str
    yanked: bool
    needs: frozenset[str]
    line: dict[str, Any]

    @property
    def file_name(self) -> str:
        return f"{self.name}-{self.num}.crate"

    def metadata(self, index_url: str) -> dict[str, Any]:
        """What cargo sent when it was published, as far as the index tells, and its story since."""
        return {
            "name": self.name,
            "vers": self.num,
            "deps": [_sent(dependency) for dependency in self.line.get("deps") or []],
            "links": self.line.get("links"),
            "pubtime": self.line.get("pubtime"),
            "yanked": self.yanked,
            "index": index_url,
        }


def read_config(content: bytes) -> tuple[str, bool]:
    """Below which address archives are, maybe with markers, and whether they need a token, too.

    Raises InvalidIndex.
    """
    try:
        config = json.loads(content)
        download, is_private = config["dl"], config.get("auth-required") is True
    except (ValueError, KeyError, TypeError, AttributeError):
        raise InvalidIndex("config.json has no `dl`") from None
    if not isinstance(download, str) or urlsplit(download).scheme not in ("http", "https"):
        raise InvalidIndex("the `dl` of config.json is no http(s) address")
    return download, is_private


def download_url(template: str, version: ForeignVersion) -> str:
    """As cargo makes it: markers are filled in; without any, two parts are appended."""
    if not any(marker in template for marker in _MARKERS):
        template = f"{template.rstrip('/')}/{{crate}}/{{version}}/download"
    prefix = _prefix(version.name)
    values = (version.name, quote(version.num), prefix, prefix.lower(), version.checksum)
    for marker, value in zip(_MARKERS, values, strict=True):
        template = template.replace(marker, value)
    return template


def read_versions(content: bytes, name: str) -> Iterator[ForeignVersion]:
    """The lines of a crate's file; raises InvalidIndex for one that is none, or another crate's."""
    for number, text in enumerate(content.splitlines(), start=1):
        if text.strip():
            try:
                yield _version(json.loads(text), name)
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                raise InvalidIndex(f"{name}, line {number}: {shown(str(error))}") from None


def _version(line: dict[str, Any], name: str) -> ForeignVersion:
    found, num, checksum = str(line["name"]), str(line["vers"]), str(line["cksum"])
    # They become names of files.
    check_crate_name(found)
    Version.parse(num)
    if canonical(found) != canonical(name):
        raise InvalidIndex(f"it is about {found}")
    if not _SHA256.fullmatch(checksum):
        raise InvalidIndex("`cksum` is no SHA-256")
    needs = frozenset(
        str(dependency.get("package") or dependency["name"])
        for dependency in line.get("deps") or []
        if not dependency.get("registry")
    )
    return ForeignVersion(found, num, checksum, line.get("yanked") is True, needs, line)


def _sent(dependency: dict[str, Any]) -> dict[str, Any]:
    """The index names a dependency by its local name, a publish request by the real one."""
    package = dependency.get("package")
    return {
        "name": package or dependency["name"],
        "explicit_name_in_toml": dependency["name"] if package else None,
        "version_req": dependency.get("req"),
        "kind": dependency.get("kind") or "normal",
        "target": dependency.get("target"),
        "optional": dependency.get("optional", False),
        "default_features": dependency.get("default_features", True),
        "features": dependency.get("features") or [],
        "registry": dependency.get("registry"),
    }


def _prefix(name: str) -> str:
    if len(name) <= 2:
        return str(len(name))
    return f"3/{name[0]}" if len(name) == 3 else f"{name[:2]}/{name[2:4]}"
