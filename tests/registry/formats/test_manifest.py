"""A Cargo.toml becomes facts, or a refusal that says what to change."""

from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.formats.dependencies import Dependency, DependencyKind
from registry.formats.errors import FormatError
from registry.formats.manifest import InvalidManifest, Manifest, ManifestLimits, read_manifest
from tests.factories.archives import manifest_for

PLAIN = Dependency(
    name="plain",
    alias=None,
    requirement="^1",
    kind=DependencyKind.NORMAL,
    target=None,
    optional=False,
    default_features=True,
    features=(),
    registry_index=None,
)
PATHS = ("Cargo.toml", "src/lib.rs", "README.md")


def read(extra: str = "", paths: tuple[str, ...] = PATHS) -> Manifest:
    return read_manifest(manifest_for(extra=extra), paths)


def reason(text: str) -> str:
    with pytest.raises(FormatError) as refused:
        read_manifest(text, PATHS)
    return str(refused.value)


def test_it_reads_the_facts_of_a_package() -> None:
    manifest = read(
        """
        rust-version = "1.70"
        links = "z"
        homepage = "https://example.org"
        documentation = ""
        readme = "./README.md"
        keywords = ["Demo", "demo", "a"]
        categories = ["no-std", "no-std"]
        [features]
        default = ["std"]
        std = []
        """
    )

    assert (manifest.name, manifest.version, manifest.edition) == ("demo-crate", "0.1.0", "2021")
    assert (manifest.rust_version, manifest.links) == ("1.70", "z")
    assert (manifest.license, manifest.license_file) == ("MIT OR Apache-2.0", None)
    assert (manifest.homepage, manifest.documentation) == ("https://example.org", None)
    assert manifest.readme == "README.md"
    assert manifest.keywords == ("demo", "a")
    assert manifest.categories == ("no-std",)
    assert manifest.features == {"default": ["std"], "std": []}
    assert (manifest.has_lib, manifest.lib_name, manifest.bin_names) == (True, "demo_crate", ())


def test_it_reads_dependencies_of_every_kind_and_platform() -> None:
    manifest = read(
        """
        [dependencies]
        plain = ">=1,<2"
        dice = { package = "rand", version = "0.8", optional = true, default-features = false }
        same = { package = "same", version = "1.*" }
        [dev_dependencies.far]
        version = "=1.0.0"
        features = ["a", "dep:b"]
        registry-index = "sparse+https://far.example/"
        [target.'cfg( windows )'.build-dependencies]
        cc = { version = "1", default_features = false }
        """
    )

    far = "sparse+https://far.example/"
    assert manifest.dependencies == (
        replace(PLAIN, name="plain", requirement=">=1, <2"),
        replace(PLAIN, name="rand", alias="dice", requirement="^0.8", optional=True,
                default_features=False),
        replace(PLAIN, name="same", requirement="1.*"),
        replace(PLAIN, name="far", requirement="=1.0.0", kind=DependencyKind.DEV,
                features=("a", "dep:b"), registry_index=far),
        replace(PLAIN, name="cc", kind=DependencyKind.BUILD, target="cfg(windows)",
                default_features=False),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("extra", "paths", "lib", "bins"),
    [
        ("", "src/lib.rs", "demo_crate", []),
        ("", "src/main.rs", None, ["demo-crate"]),
        ("autolib = false", "src/lib.rs", None, []),
        ("autobins = false", "src/main.rs", None, []),
        ("", "src/bin/a.rs src/bin/b/main.rs src/bin/b/x.rs src/bin/c/d/main.rs", None, ["a", "b"]),
        ('[lib]\nname = "x"', "src/lib.rs", "x", []),
        ('[lib]\npath = "x.rs"', "x.rs", "demo_crate", []),
        ('[[bin]]\nname = "x"', "src/bin/y.rs src/bin/x.rs", None, ["x", "y"]),
        ('[[bin]]\nname = "x"\npath = "src/main.rs"', "src/main.rs", None, ["x"]),
    ],
)
def test_it_finds_library_and_programs(
    extra: str, paths: str, lib: str | None, bins: list[str]
) -> None:
    manifest = read(extra, tuple(paths.split()))

    assert (manifest.lib_name, list(manifest.bin_names)) == (lib, bins)
    assert manifest.has_lib == bool(lib)


def test_edition_2015_finds_no_programs_beside_stated_ones() -> None:
    text = manifest_for(extra='[[bin]]\nname = "x"').replace("2021", "2015")

    assert read_manifest(text, ["src/bin/y.rs"]).bin_names == ("x",)


@pytest.mark.parametrize(
    ("extra", "paths", "readme"),
    [
        ("", "README.md", "README.md"),
        ("", "README.txt README", "README.txt"),
        ("", "", None),
        ("readme = false", "README.md", None),
        ("readme = true", "README.md", "README.md"),
        ('readme = "docs/a.md"', "docs/a.md README.md", "docs/a.md"),
        ('readme = "../README.md"', "README.md", None),
    ],
)
def test_it_finds_the_readme(extra: str, paths: str, readme: str | None) -> None:
    assert read(extra, tuple(paths.split())).readme == readme


def test_a_license_file_alone_is_non_standard() -> None:
    text = manifest_for(extra='license-file = "TERMS"').replace('license = "MIT', '#"')

    manifest = read_manifest(text, PATHS)

    assert (manifest.license, manifest.license_file) == ("non-standard", "TERMS")


@pytest.mark.parametrize("missing", ["description", "license"])
def test_it_names_the_fields_that_are_missing(missing: str) -> None:
    text = manifest_for().replace(f"{missing} =", "authors-note =")

    assert reason(text).startswith(f"missing or empty metadata fields: {missing}. ")


def test_it_names_all_that_is_missing() -> None:
    text = '[package]\nname = "a"\nversion = "1.0.0"\ndescription = " "\n'

    assert reason(text).startswith("missing or empty metadata fields: description, license. ")


@pytest.mark.parametrize(
    ("extra", "problem"),
    [
        ("[", "failed to parse `Cargo.toml` manifest file\n\n"),
        ("links = 1", "`package.links` must be a string"),
        ("links.workspace = true", "`package.links` is inherited from a workspace"),
        ("keywords = [1]", "`package.keywords` must be a list of strings"),
        ("keywords.workspace = true", "`package.keywords` is inherited from a workspace"),
        ("autobins = 1", "`package.autobins` must be true or false"),
        ("dependencies = 1\n[lib]\npath = 1", "`lib.path` must be a string"),
        ("[patch.crates-io]", "`patch` and `replace`"),
        ("[dependencies]\na = { workspace = true }", "dependency `a` is inherited"),
        ("[dependencies]\na = 1", "`dependencies.a` must be a string"),
        ("[dependencies]\na = { optional = 1, version = '1' }", "`dependencies.a.optional`"),
        ("[target]\na = 1", "`target.a` must be a table"),
        ("[[bin]]\nname = 1", "`bin.name` must be a string"),
        ("[lib]\npath = 1", "`lib.path` must be a string"),
        ("bin = 1\n[[lib]]", "`lib` must be a table"),
        ("[features]\na = 1", "`features.a` must be a list of strings"),
        ("links = '" + "a" * 256 + "'", "`links` is too long"),
        ("x = '\\u0000'\nlinks = \"\\u0000\"", "NUL"),
        ("x = " + "[" * 50_000, "nested too deeply"),
        ('rust-version = "nightly"', "invalid `rust-version` value"),
        ('rust-version = ">=1.60"', "invalid `rust-version` value"),
        ('rust-version = "1..2"', "invalid `rust-version` value"),
        ('keywords = ["a","b","c","d","e","f"]', "expected at most 5 keywords per crate"),
        ('keywords = ["no spaces"]', '"no spaces" is an invalid keyword'),
        ('categories = ["a","b","c","d","e","f"]', "expected at most 5 categories per crate"),
        ('homepage = "ftp://x"', "URL for field `homepage` must begin with http"),
        ('repository = "https://"', "is not a valid url"),
        ("[features]\n'a b' = []", "invalid character ` ` in feature"),
        ("[features]\na = ['b c']", "invalid character ` ` in feature"),
        ("[dependencies]\na = '*'", "wildcard (`*`) dependency constraints are not allowed"),
        ("[dependencies]\na = { path = '../a' }", "wildcard (`*`)"),
        ("[dependencies]\na = 'newest'", '"newest" is an invalid version requirement'),
        (
            "[dependencies]\na = { version = '1', registry = 'x' }",
            "dependency `a` names a registry",
        ),
        ("[dependencies]\na = { version = '1', registry-index = 'x' }", "registry index url"),
        ("[dependencies]\n'a b' = '1'", "in crate name"),
        ("[dependencies]\na = { package = '_b', version = '1' }", "in crate name"),
        ("[dependencies]\n'é' = { package = 'b', version = '1' }", "in dependency name"),
        ("[target.'cfg(x y)'.dependencies]\na = '1'", "is not a cfg() expression"),
        (
            "[target.'cfg(a)'.dependencies]\na = '1'\n[target.'cfg( a)'.dependencies]\na = '1'",
            "twice",
        ),
    ],
)
def test_it_says_what_is_wrong(extra: str, problem: str) -> None:
    assert problem in reason(manifest_for(extra=extra))


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("[package]", "[project]", "the table `package` is missing"),
        ("name =", "x =", "`package.name` is missing"),
        ("version =", "x =", "`package.version` is missing"),
        ('"0.1.0"', "1", "`package.version` must be a string"),
        ('"0.1.0"', '"1.0"', '"1.0" is an invalid semver version'),
        ("demo-crate", "2demo", "cannot start with a digit"),
        ("2021", "latest", "`package.edition` must be a year"),
        ("MIT OR", "Terms OR", "unknown or invalid license expression"),
        ("A crate made for a test", "é" * 501, "`description` is too long (1002 bytes"),
    ],
)
def test_it_wants_a_sound_package(old: str, new: str, problem: str) -> None:
    assert problem in reason(manifest_for().replace(old, new))


@pytest.mark.parametrize(
    ("limits", "problem"),
    [
        (ManifestLimits(max_features=1), "has 2 features, at most 1 are allowed"),
        (ManifestLimits(max_features_enabled=1), "feature `a` enables 2 features"),
        (ManifestLimits(max_dependencies=1), "more than 1 dependencies"),
    ],
)
def test_limits_are_the_callers(limits: ManifestLimits, problem: str) -> None:
    text = manifest_for(extra="[dependencies]\nx='1'\ny='1'\n[features]\na=['b', 'x']\nb=[]")

    assert len(read_manifest(text, PATHS).dependencies) == 2
    with pytest.raises(InvalidManifest) as refused:
        read_manifest(text, PATHS, limits)
    assert problem in str(refused.value)


def test_a_library_without_its_file_is_refused() -> None:
    with pytest.raises(InvalidManifest, match=r"can't find library"):
        read("[lib]\nname = 'x'", ("Cargo.toml",))


KEYS = ["name", "license", "readme", "keywords", "links", "edition", "rust-version", "autolib", "x"]
VALUES = [
    "1",
    "true",
    "'a'",
    "''",
    "['a']",
    "[[]]",
    "{}",
    "{ workspace = true }",
    "1979-05-27",
    "nan",
]


@given(st.dictionaries(st.sampled_from(KEYS), st.sampled_from(VALUES)), st.sampled_from(
    ["dependencies", "target", "lib", "bin", "features", "patch", "target.a.dependencies.b"]
), st.sampled_from(VALUES))  # fmt: skip
def test_any_document_is_read_or_refused(package: dict[str, str], table: str, value: str) -> None:
    facts = {
        "name": "'a'",
        "version": "'1.0.0'",
        "description": "'a'",
        "license": "'MIT'",
    } | package
    lines = [f"{table} = {value}", "[package]", *(f"{key} = {text}" for key, text in facts.items())]

    with suppress(FormatError):
        read_manifest("\n".join(lines), PATHS)
