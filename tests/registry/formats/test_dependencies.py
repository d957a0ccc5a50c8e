"""Where a dependency lives: the manifest first, then the request."""

from dataclasses import replace

from registry.formats.dependencies import (
    Dependency,
    DependencyKind,
    MetadataDependency,
    resolve_registries,
)

CRATES_IO = "https://github.com/rust-lang/crates.io-index"
OWN = frozenset({"sparse+https://crates.example/index/"})
RAND = Dependency(
    name="rand",
    alias=None,
    requirement="^0.8",
    kind=DependencyKind.NORMAL,
    target=None,
    optional=False,
    default_features=True,
    features=(),
    registry_index=None,
)
SENT = MetadataDependency("rand", None, DependencyKind.NORMAL, None, CRATES_IO)


def test_the_request_fills_in_what_the_manifest_leaves_open() -> None:
    (resolved,) = resolve_registries([RAND], [SENT], OWN)

    assert resolved == replace(RAND, registry_index=CRATES_IO)


def test_the_manifest_is_believed_before_the_request() -> None:
    stated = replace(RAND, registry_index="https://elsewhere.example/index")

    assert resolve_registries([stated], [SENT], OWN) == (stated,)


def test_this_registry_is_recognised_however_cargo_spells_it() -> None:
    for url in ("sparse+https://crates.example/index/", "https://crates.example/index"):
        stated = replace(RAND, registry_index=url)

        assert resolve_registries([stated], [SENT], OWN) == (RAND,)
        assert resolve_registries([RAND], [replace(SENT, registry=url)], OWN) == (RAND,)


def test_only_the_very_dependency_is_meant() -> None:
    sent = [
        replace(SENT, kind=DependencyKind.DEV),
        replace(SENT, target="cfg(unix)"),
        replace(SENT, alias="other"),
        replace(SENT, name="rand_core"),
    ]

    assert resolve_registries([RAND], sent, OWN) == (RAND,)


def test_a_renamed_dependency_is_found_by_its_local_name() -> None:
    renamed = replace(RAND, alias="dice")

    (resolved,) = resolve_registries([renamed], [replace(SENT, alias="dice")], OWN)

    assert resolved.registry_index == CRATES_IO
    assert resolved.local_name == "dice"
