"""Collects the dependencies that a Cargo.toml states, for every kind and platform.

Source: crates-io-api reference, 2.7.
"""

from collections.abc import Iterator

from registry.formats.dependencies import Dependency, DependencyKind
from registry.formats.errors import shown
from registry.formats.manifest_table import InvalidManifest, Table, unreadable
from registry.formats.names import check_crate_name, check_dependency_alias, check_feature_value
from registry.formats.platforms import normal_platform
from registry.formats.semver import Requirement
from registry.formats.urls import check_index_url

# cargo reads the spelling with `_` where the other is absent.
_TABLES = {
    DependencyKind.NORMAL: ("dependencies",),
    DependencyKind.BUILD: ("build-dependencies", "build_dependencies"),
    DependencyKind.DEV: ("dev-dependencies", "dev_dependencies"),
}


def read_dependencies(document: Table, *, maximum: int) -> tuple[Dependency, ...]:
    """In the manifest's order. Raises a FormatError, InvalidManifest among others."""
    found: list[Dependency] = []
    for dependency in _all(document):
        found.append(dependency)
        if len(found) > maximum:
            raise InvalidManifest(f"the crate has more than {maximum} dependencies")
    if len({dependency.key for dependency in found}) != len(found):
        raise InvalidManifest("a dependency is stated twice for one kind and target")
    return tuple(found)


def _all(document: Table) -> Iterator[Dependency]:
    yield from _of_platform(document, target=None)
    platforms = document.table("target")
    for text in platforms or ():
        platform = platforms and platforms.table(text)
        if platform:
            yield from _of_platform(platform, target=normal_platform(text))


def _of_platform(tables: Table, *, target: str | None) -> Iterator[Dependency]:
    for kind, spellings in _TABLES.items():
        entries = tables.table(*spellings)
        for key in entries or ():
            if entries:
                yield _dependency(entries, key, kind, target)


def _dependency(entries: Table, key: str, kind: DependencyKind, target: str | None) -> Dependency:
    details = entries.table(key) if entries.is_table(key) else None
    if details is None:
        details = Table({"version": entries.text(key)})
    _check_source(details, key)
    name = details.text("package") or key
    check_crate_name(name)
    check_dependency_alias(key)
    return Dependency(
        name=name,
        alias=key if key != name else None,
        requirement=_requirement(details.text("version"), key),
        kind=kind,
        target=target,
        optional=details.flag("optional", default=False),
        default_features=details.flag("default-features", "default_features", default=True),
        features=_features(details),
        registry_index=_registry_index(details),
    )


def _check_source(details: Table, key: str) -> None:
    if details.has("workspace"):
        raise unreadable(
            f"dependency `{shown(key)}` is inherited from a workspace; `cargo package` writes out "
            "what it inherits"
        )
    if details.text("registry"):
        raise InvalidManifest(
            f"dependency `{shown(key)}` names a registry that only your own configuration knows; "
            "`cargo package` replaces `registry` with `registry-index`"
        )


def _requirement(text: str | None, key: str) -> str:
    requirement = Requirement.parse("*" if text is None else text)
    if requirement.is_wildcard:
        raise InvalidManifest(
            f"wildcard (`*`) dependency constraints are not allowed: give dependency "
            f"`{shown(key)}` a version such as `1.0`"
        )
    return str(requirement)


def _features(details: Table) -> tuple[str, ...]:
    features = details.texts("features")
    for feature in features:
        check_feature_value(feature)
    return tuple(features)


def _registry_index(details: Table) -> str | None:
    url = details.text("registry-index")
    if url:
        check_index_url(url)
    return url or None
