"""One line of the index: one version of a crate, as cargo reads it.

Source: crates-io-api reference, 6.3; cargo-client reference, 4.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from registry.formats.dependencies import Dependency, DependencyKind

Features = Mapping[str, Sequence[str]]

_KIND_ORDER = [DependencyKind.NORMAL, DependencyKind.BUILD, DependencyKind.DEV]


@dataclass(frozen=True, slots=True)
class IndexEntry:
    """`cksum` is the archive's SHA-256 in hex; `rust_version` bare digits and dots.

    `pubtime` has a time zone; fractions of its seconds are cut off.
    """

    name: str
    vers: str
    deps: Sequence[Dependency]
    cksum: str
    features: Features
    yanked: bool
    links: str | None
    rust_version: str | None
    pubtime: datetime


def index_line(entry: IndexEntry) -> str:
    """JSON without a line feed, the same bytes for the same version."""
    old, new = _split(entry.features)
    line: dict[str, object] = {
        "name": entry.name,
        "vers": entry.vers,
        "deps": [_dependency(dependency) for dependency in sorted(entry.deps, key=_sort_key)],
        "cksum": entry.cksum,
        "features": old,
    }
    if new:
        line["features2"] = new
    line["yanked"] = entry.yanked
    if entry.links:
        line["links"] = entry.links
    if entry.rust_version:
        line["rust_version"] = entry.rust_version
    # cargo rejects the whole entry for a fraction of a second or an offset.
    line["pubtime"] = entry.pubtime.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    if new:
        line["v"] = 2
    return _compact(line)


def with_yanked(line: str, *, yanked: bool) -> str:
    """The same line with another `yanked`; all else keeps its place and value."""
    return _compact({**json.loads(line), "yanked": yanked})


def _compact(line: Mapping[str, object]) -> str:
    return json.dumps(line, separators=(",", ":"), ensure_ascii=False)


def _split(features: Features) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """Features that every cargo reads, and those that cargo before 1.60 would choke on."""
    new = {name for name, values in features.items() if any(map(_is_new_syntax, values))}
    waiting = sorted(new)
    enabled_by = _reversed(features)
    while waiting:
        for name in enabled_by.get(waiting.pop(), ()):
            if name not in new:
                new.add(name)
                waiting.append(name)
    ordered = {name: list(features[name]) for name in sorted(features)}
    return (
        {name: values for name, values in ordered.items() if name not in new},
        {name: values for name, values in ordered.items() if name in new},
    )


def _is_new_syntax(value: str) -> bool:
    return value.startswith("dep:") or "?/" in value


def _reversed(features: Features) -> dict[str, list[str]]:
    enabled_by: dict[str, list[str]] = {}
    for name, values in features.items():
        for value in values:
            enabled_by.setdefault(value, []).append(name)
    return enabled_by


def _dependency(dependency: Dependency) -> dict[str, object]:
    """The publish request's names the other way round: `name` is the local one here."""
    line: dict[str, object] = {
        "name": dependency.local_name,
        "req": dependency.requirement,
        "features": list(dependency.features),
        "optional": dependency.optional,
        "default_features": dependency.default_features,
        "target": dependency.target,
        "kind": str(dependency.kind),
    }
    if dependency.registry_index:
        line["registry"] = dependency.registry_index
    if dependency.alias:
        line["package"] = dependency.name
    return line


def _sort_key(dependency: Dependency) -> tuple[object, ...]:
    return (
        dependency.local_name,
        _KIND_ORDER.index(dependency.kind),
        dependency.requirement,
        dependency.features,
        dependency.optional,
        dependency.default_features,
        dependency.target or "",
        dependency.name,
        dependency.registry_index or "",
    )
