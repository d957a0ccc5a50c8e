"""What the pages of a crate show: its owners, its default version, its versions page by page."""

from dataclasses import dataclass

from accounts.models import User
from registry.models import Crate, Team, Version


@dataclass(frozen=True, slots=True)
class CratePage:
    """`version` is the default version; None for a crate without versions."""

    crate: Crate
    version: Version | None
    owners: list[User]
    teams: list[Team]


@dataclass(frozen=True, slots=True)
class VersionList:
    """One page of a crate's versions, latest first, and how many there are on all pages."""

    versions: list[Version]
    total: int


def crate_page(crate: Crate) -> CratePage:
    """Two queries."""
    rows = crate.versions.select_related("published_by", "provenance")
    ownerships = list(crate.ownerships.select_related("user", "team").order_by("pk"))
    return CratePage(
        crate=crate,
        version=rows.filter(num=crate.default_version).first(),
        owners=[row.user for row in ownerships if row.user],
        teams=[row.team for row in ownerships if row.team],
    )


def version_list(crate: Crate, *, page: int, per_page: int) -> VersionList:
    """Pages count from 1. Two queries."""
    total = crate.versions.count()
    start = (page - 1) * per_page
    if start >= total:
        return VersionList([], total)
    rows = crate.versions.newest_first().select_related("published_by", "provenance")
    shown = rows.defer("readme", "index_line", "features")[start : start + per_page]
    return VersionList(list(shown), total)
