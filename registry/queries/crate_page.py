"""What the pages of a crate show: its owners, its default version, its versions page by page."""

from dataclasses import dataclass

from adapters.compiled import CompiledQuery
from registry.models import Category, Crate, Version
from registry.pictures.lines import Drawing
from registry.queries.download_pictures import daily_downloads
from registry.queries.trust import Trust, trust_in

_VERSION = CompiledQuery(
    lambda crate, num: Version.objects.filter(crate=crate, num=num).select_related(
        "published_by", "provenance", "total"
    ),
    crate=int,
    num=str,
)
_CATEGORIES = CompiledQuery(
    lambda crate: Category.objects.filter(crates=crate).order_by("slug"), crate=int
)


@dataclass(frozen=True, slots=True)
class CratePage:
    """`version` is the default version; None for a crate without versions.

    `categories` are those of its categories that this registry knows.
    """

    crate: Crate
    version: Version | None
    trust: Trust
    categories: list[Category]
    downloads: Drawing | None


@dataclass(frozen=True, slots=True)
class VersionList:
    """One page of a crate's versions, latest first, and how many there are on all pages."""

    versions: list[Version]
    total: int


def crate_page(crate: Crate) -> CratePage:
    """Six queries at most."""
    version = _VERSION.first(crate=crate.pk, num=crate.default_version)
    if version:
        version.crate = crate
    return CratePage(
        crate=crate,
        version=version,
        trust=trust_in(crate),
        categories=_CATEGORIES.rows(crate=crate.pk) if crate.categories else [],
        downloads=daily_downloads(crate),
    )


def version_list(crate: Crate, *, page: int, per_page: int) -> VersionList:
    """Pages count from 1. Two queries."""
    total = crate.versions.count()
    start = (page - 1) * per_page
    if start >= total:
        return VersionList([], total)
    rows = crate.versions.newest_first().select_related("published_by", "provenance", "total")
    shown = rows.defer("readme", "index_line", "features")[start : start + per_page]
    return VersionList(list(shown), total)
