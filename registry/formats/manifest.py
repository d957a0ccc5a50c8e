"""Cargo.toml -> the facts that this registry keeps of a version.

Source: crates-io-api reference, 2.3 (rows 16 to 25) and 2.4 to 2.7.
"""

import posixpath
import re
from collections.abc import Sequence
from dataclasses import dataclass

from registry.formats.dependencies import Dependency as Dependency
from registry.formats.errors import shown
from registry.formats.license import check_license_expression
from registry.formats.manifest_dependencies import read_dependencies
from registry.formats.manifest_table import InvalidManifest as InvalidManifest
from registry.formats.manifest_table import Table, unreadable
from registry.formats.manifest_targets import find_targets
from registry.formats.names import (
    check_crate_name,
    check_feature_name,
    check_feature_value,
    check_keyword,
)
from registry.formats.plain_data import InvalidData, parse_toml
from registry.formats.semver import InvalidVersion, Requirement, Version
from registry.formats.urls import check_url

# What `license` says where the manifest names only a file.
NON_STANDARD_LICENSE = "non-standard"
MAX_LINKS = 255
MAX_RUST_VERSION = 64

_READMES: tuple[str, ...] = ("README.md", "README.txt", "README")
_RUST_VERSION = re.compile(r"[0-9.]+")
_EDITION = re.compile(r"[0-9]{4}")


@dataclass(frozen=True, slots=True)
class ManifestLimits:
    """Numbers of things; `max_description` is in bytes."""

    max_features: int = 300
    max_features_enabled: int = 300
    max_dependencies: int = 500
    max_keywords: int = 5
    max_categories: int = 5
    max_description: int = 1000


@dataclass(frozen=True, slots=True)
class Manifest:
    """Texts are None where the manifest is silent; `keywords` are lower-case, each once."""

    name: str
    version: str
    edition: str | None
    rust_version: str | None
    links: str | None
    license: str | None
    license_file: str | None
    description: str | None
    homepage: str | None
    documentation: str | None
    repository: str | None
    readme: str | None
    keywords: tuple[str, ...]
    categories: tuple[str, ...]
    features: dict[str, list[str]]
    dependencies: tuple[Dependency, ...]
    has_lib: bool
    lib_name: str | None
    bin_names: tuple[str, ...]


DEFAULT_LIMITS = ManifestLimits()


def read_manifest(
    text: str, paths: Sequence[str], limits: ManifestLimits = DEFAULT_LIMITS
) -> Manifest:
    """`paths` are the archive's files, relative to its root folder.

    Raises a FormatError, InvalidManifest among others; its text names what to change.
    """
    document, package = _open(text)
    name, version = _identity(package)
    _check_described(package)
    targets = find_targets(document, package, name, paths)
    return Manifest(
        name=name,
        version=version,
        description=_description(package, limits),
        license=_license(package),
        license_file=package.text("license-file"),
        homepage=_url(package, "homepage"),
        documentation=_url(package, "documentation"),
        repository=_url(package, "repository"),
        edition=_edition(package),
        rust_version=_rust_version(package),
        links=_links(package),
        readme=_readme(package, paths),
        keywords=_keywords(package, limits),
        categories=_categories(package, limits),
        features=_features(document, limits),
        dependencies=read_dependencies(document, maximum=limits.max_dependencies),
        has_lib=targets.lib_name is not None,
        lib_name=targets.lib_name,
        bin_names=targets.bin_names,
    )


def _open(text: str) -> tuple[Table, Table]:
    try:
        document = Table(parse_toml(text))
    except InvalidData as error:
        raise unreadable(str(error)) from None
    package = document.table("package")
    if package is None:
        raise unreadable("the table `package` is missing")
    if document.has("patch") or document.has("replace"):
        raise unreadable("`patch` and `replace` only work in a workspace, not in a published crate")
    return document, package


def _identity(package: Table) -> tuple[str, str]:
    name, version = package.text("name"), package.text("version")
    if name is None or version is None:
        missing = "name" if name is None else "version"
        raise unreadable(f"`package.{missing}` is missing")
    check_crate_name(name)
    Version.parse(version)
    return name, version


def _check_described(package: Table) -> None:
    missing = []
    if not (package.text("description") or "").strip():
        missing.append("description")
    if not package.text("license") and not package.text("license-file"):
        missing.append("license")
    if missing:
        raise InvalidManifest(
            f"missing or empty metadata fields: {', '.join(missing)}. "
            "Please see https://doc.rust-lang.org/cargo/reference/manifest.html for more "
            "information on configuring these fields"
        )


def _description(package: Table, limits: ManifestLimits) -> str | None:
    description = package.text("description")
    if description and len(description.encode()) > limits.max_description:
        raise InvalidManifest(
            f"the `description` is too long ({len(description.encode())} bytes, at most "
            f"{limits.max_description}); use the readme for longer texts"
        )
    return description


def _license(package: Table) -> str | None:
    expression = package.text("license")
    if not expression:
        return NON_STANDARD_LICENSE
    check_license_expression(expression)
    return expression


def _url(package: Table, field: str) -> str | None:
    url = package.text(field)
    if url:
        check_url(field, url)
    return url or None


def _edition(package: Table) -> str | None:
    edition = package.text("edition")
    if edition is not None and not _EDITION.fullmatch(edition):
        raise unreadable(f"`package.edition` must be a year such as 2021, not `{shown(edition)}`")
    return edition


def _rust_version(package: Table) -> str | None:
    text = package.text("rust-version")
    if text is None:
        return None
    try:
        Requirement.parse(text)
    except InvalidVersion:
        text = ""
    if not _RUST_VERSION.fullmatch(text) or len(text) > MAX_RUST_VERSION:
        raise InvalidManifest("invalid `rust-version` value: write digits and dots, such as `1.75`")
    return text


def _links(package: Table) -> str | None:
    links = package.text("links")
    if links and len(links) > MAX_LINKS:
        raise InvalidManifest(f"`links` is too long (max {MAX_LINKS} characters)")
    return links or None


def _readme(package: Table, paths: Sequence[str]) -> str | None:
    """The file in the archive that cargo would take; None if it names one that is not there."""
    if package.is_flag("readme"):
        wanted = _READMES[:1] if package.flag("readme", default=False) else ()
    else:
        stated = package.text("readme")
        wanted = (posixpath.normpath(stated),) if stated else _READMES
    return next((name for name in wanted if name in paths), None)


def _keywords(package: Table, limits: ManifestLimits) -> tuple[str, ...]:
    keywords = package.texts("keywords")
    if len(keywords) > limits.max_keywords:
        raise InvalidManifest(f"expected at most {limits.max_keywords} keywords per crate")
    for keyword in keywords:
        check_keyword(keyword)
    return tuple(dict.fromkeys(keyword.lower() for keyword in keywords))


def _categories(package: Table, limits: ManifestLimits) -> tuple[str, ...]:
    categories = package.texts("categories")
    if len(categories) > limits.max_categories:
        raise InvalidManifest(f"expected at most {limits.max_categories} categories per crate")
    return tuple(dict.fromkeys(categories))


def _features(document: Table, limits: ManifestLimits) -> dict[str, list[str]]:
    table = document.table("features") or Table({})
    features = {feature: table.texts(feature) for feature in table}
    if len(features) > limits.max_features:
        raise InvalidManifest(
            f"the crate has {len(features)} features, at most {limits.max_features} are allowed; "
            "an administrator can raise this for a crate"
        )
    for feature, enabled in features.items():
        check_feature_name(feature)
        if len(enabled) > limits.max_features_enabled:
            raise InvalidManifest(
                f"feature `{feature}` enables {len(enabled)} features and dependencies, at most "
                f"{limits.max_features_enabled} are allowed"
            )
        for value in enabled:
            check_feature_value(value)
    return features
