"""Counts downloads: adds them to days, versions and crates, and folds in what web processes noted.

Every file is counted in one transaction together with the row that says so; a process that is
killed leaves either both or neither. Whoever counts holds the row of DownloadTotals, then the
crates, so nobody else changes a count meanwhile and values are read and written back.
"""

import logging
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.db.models import Sum

from adapters.spool import collect, spool_of
from registry.formats.access_log import Download
from registry.formats.names import canonical, check_crate_name
from registry.formats.semver import Version as Semver
from registry.models import CountedFile, DownloadTotals, VersionDownload
from registry.operations import download_rows

RECENT_DAYS = 90
# How long a collected file is remembered: longer than anybody fails to delete it.
KEEP_SPOOL_NAMES = timedelta(days=7)

Counts = Mapping[Download, int]
logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Counted:
    """What became of one file; `dropped` downloads were of no version of this registry."""

    downloads: int = 0
    dropped: int = 0
    unreadable: int = 0

    def __add__(self, other: "Counted") -> "Counted":
        return Counted(
            self.downloads + other.downloads,
            self.dropped + other.dropped,
            self.unreadable + other.unreadable,
        )


def note_download(name: str, num: str) -> None:
    """Notes one download of today for the next fold; costs some microseconds, never an error.

    The archive matters more than its count: a full disk is logged, and the download goes on.
    """
    if not settings.COUNT_DOWNLOADS:
        return
    try:
        spool_of(settings.DOWNLOADS_DIR).append(f"{name} {num} {_today().isoformat()}")
    except OSError as error:
        logger.warning("a download of %s %s could not be noted: %s", name, num, error)


def fold_spool() -> int:
    """Counts what the web processes of this machine noted; answers how many downloads.

    May run at any moment, twice at once, and be killed: each file is counted exactly once.
    """
    _advance_window()
    folded = 0
    for path in collect(settings.DOWNLOADS_DIR):
        try:
            counts, spoiled = _noted(path)
        except FileNotFoundError:
            # Another worker on this folder was quicker.
            continue
        counted = _count_file(path.stem, counts)
        path.unlink(missing_ok=True)
        folded += counted.downloads if counted else 0
        if counted and (counted.dropped or spoiled):
            logger.warning(
                "downloads: %d of unknown versions, %d spoiled lines", counted.dropped, spoiled
            )
    old = datetime.now(UTC) - KEEP_SPOOL_NAMES
    CountedFile.objects.filter(kind=CountedFile.Kind.SPOOL, counted_at__lt=old).delete()
    return folded


@transaction.atomic
def add_counts(counts: Counts) -> Counted:
    """To the days, versions, crates and the total; holds the lock of the total until the end."""
    return _add(counts, _locked_totals())


def _today() -> date:
    return datetime.now(UTC).date()


def _noted(path: Path) -> tuple[Counter[Download], int]:
    """The notes of one file, and how many lines a full disk or a power failure spoiled."""
    with path.open(encoding="ascii", errors="replace") as lines:
        raw = Counter(lines)
    counts: Counter[Download] = Counter()
    spoiled = 0
    for line, count in raw.items():
        try:
            counts[_note(line)] += count
        except ValueError:
            spoiled += count
    return counts, spoiled


def _note(line: str) -> Download:
    """Raises ValueError."""
    name, num, day = line.removesuffix("\n").split(" ")
    check_crate_name(name)
    Semver.parse(num)
    return Download(name, num, date.fromisoformat(day))


@transaction.atomic
def _count_file(name: str, counts: Counts) -> Counted | None:
    """None if the file's downloads are counted already."""
    totals = _locked_totals()
    # A file that cannot be deleted stays known for as long as it is there.
    if CountedFile.objects.filter(name=name).update(counted_at=datetime.now(UTC)):
        return None
    CountedFile.objects.create(name=name, kind=CountedFile.Kind.SPOOL)
    return _add(counts, totals)


@transaction.atomic
def _advance_window() -> None:
    _locked_totals()


def _locked_totals() -> DownloadTotals:
    """The one row, locked until the transaction ends, with the recent days up to date."""
    since = _today() - timedelta(days=RECENT_DAYS - 1)
    DownloadTotals.objects.get_or_create(pk=DownloadTotals.ONLY, defaults={"recent_since": since})
    totals = DownloadTotals.objects.select_for_update().get(pk=DownloadTotals.ONLY)
    if totals.recent_since < since:
        _forget(totals.recent_since, since)
        totals.recent_since = since
        totals.save(update_fields=["recent_since"])
    return totals


def _forget(first: date, end: date) -> None:
    """Takes the days before `end` out of the recent downloads."""
    rows = VersionDownload.objects.filter(date__gte=first, date__lt=end)
    sums = dict(rows.values_list("version__crate_id").annotate(Sum("downloads")))
    download_rows.lock(sums)
    download_rows.add_to_crates(dict.fromkeys(sums, 0), {key: -sums[key] for key in sums})


def _add(counts: Counts, totals: DownloadTotals) -> Counted:
    crates = download_rows.locked_crates({canonical(name) for name in {key.name for key in counts}})
    versions = download_rows.versions(
        {(crates[name], num) for name, num, _ in counts if name in crates}
    )
    last_day = _today() + timedelta(days=1)
    by_crate: Counter[int] = Counter()
    recent: Counter[int] = Counter()
    by_version: Counter[int] = Counter()
    # Each once, since each name is that of one crate, as it is spelled there.
    by_day: list[tuple[int, date, int]] = []
    for (name, num, day), count in counts.items():
        crate_id = crates.get(name, 0)
        version_id = versions.get((crate_id, num))
        # A log from a clock that runs ahead must not fill days to come.
        if version_id is None or day > last_day:
            continue
        by_crate[crate_id] += count
        by_version[version_id] += count
        by_day.append((version_id, day, count))
        if day >= totals.recent_since:
            recent[crate_id] += count
    download_rows.add_to_crates(by_crate, recent)
    download_rows.add_to_versions(by_version)
    download_rows.add_to_days(by_day)
    downloads = by_crate.total()
    totals.total += downloads
    totals.save(update_fields=["total"])
    return Counted(downloads, dropped=sum(counts.values()) - downloads)
