"""How often a crate and its versions were downloaded day by day."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from django.db.models import Sum

from registry.formats.semver import Version as Semver
from registry.models import Crate, Version, VersionDownload

DAYS = 90
SHOWN_VERSIONS = 5


@dataclass(frozen=True, slots=True)
class CrateDownloads:
    """The last DAYS days: `by_version` of the highest versions, `others` summed by day.

    `highest` are the numbers of those versions' rows, highest version first.
    """

    highest: list[int]
    by_version: list[VersionDownload]
    others: list[tuple[date, int]]


def crate_downloads(crate: Crate) -> CrateDownloads:
    """Three queries, however many versions there are."""
    ranked = sorted(
        ((Semver.parse(num), pk) for pk, num in crate.versions.values_list("pk", "num")),
        reverse=True,
    )
    highest = [pk for _, pk in ranked[:SHOWN_VERSIONS]]
    first, last = _days_until(None)
    rows = VersionDownload.objects.between(first, last)
    others = rows.filter(version__crate=crate, version__hidden_at=None).exclude(version__in=highest)
    return CrateDownloads(
        highest=highest,
        by_version=list(rows.filter(version__in=highest).order_by("date", "version")),
        others=list(others.values_list("date").annotate(Sum("downloads")).order_by("date")),
    )


def version_downloads(version: Version, until: date | None) -> list[VersionDownload]:
    """Of the DAYS days that end with `until` or today, oldest first; one query."""
    first, last = _days_until(until)
    rows = VersionDownload.objects.between(first, last)
    return list(rows.filter(version=version).order_by("date"))


def _days_until(last: date | None) -> tuple[date, date]:
    last = last or datetime.now(UTC).date()
    try:
        return last - timedelta(days=DAYS - 1), last
    except OverflowError:
        return date.min, last
