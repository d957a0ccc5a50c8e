"""A dependency as a package states it, and the registry that it lives in."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum


class DependencyKind(StrEnum):
    NORMAL = "normal"
    BUILD = "build"
    DEV = "dev"


# Local name, kind and platform: what tells two dependencies of one package apart.
DependencyKey = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Dependency:
    """`name` is the real package; `alias` is what the dependent calls it, if it differs.

    `registry_index` is None for this registry, else the index URL of another one.
    """

    name: str
    alias: str | None
    requirement: str
    kind: DependencyKind
    target: str | None
    optional: bool
    default_features: bool
    features: tuple[str, ...]
    registry_index: str | None

    @property
    def local_name(self) -> str:
        return self.alias or self.name

    @property
    def key(self) -> DependencyKey:
        return (self.local_name, self.kind, self.target or "")


@dataclass(frozen=True, slots=True)
class MetadataDependency:
    """All that counts of a dependency in the publish request: which registry it lives in."""

    name: str
    alias: str | None
    kind: DependencyKind
    target: str | None
    registry: str | None

    @property
    def key(self) -> DependencyKey:
        return (self.alias or self.name, self.kind, self.target or "")


def resolve_registries(
    manifest_deps: Iterable[Dependency],
    metadata_deps: Iterable[MetadataDependency],
    own_index_urls: frozenset[str],
) -> tuple[Dependency, ...]:
    """Says for each dependency of the manifest where it lives.

    The manifest is what the archive's checksum covers, so the request fills in only what the
    manifest leaves open. One of `own_index_urls` becomes None, this registry.
    """
    own = {_bare(url) for url in own_index_urls}
    sent = {dependency.key: dependency.registry for dependency in metadata_deps}
    return tuple(
        replace(
            dependency,
            registry_index=_foreign(dependency.registry_index or sent.get(dependency.key), own),
        )
        for dependency in manifest_deps
    )


def _foreign(url: str | None, own: set[str]) -> str | None:
    return None if not url or _bare(url) in own else url


def _bare(url: str) -> str:
    return url.removeprefix("registry+").removeprefix("sparse+").rstrip("/")
