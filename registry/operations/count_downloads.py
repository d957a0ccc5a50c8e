"""Counts downloads: what web processes noted in their spool, and what stands in access logs.

Every file is counted in one transaction together with the row that says so; a process that is
killed leaves either both or neither. Whoever counts holds the row of DownloadTotals, then the
crates, so nobody else changes a count meanwhile and values are read and written back.
"""

import hashlib
import logging
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.db.models import Sum

from adapters.spool import collect, spool_of
from registry.formats.access_log import AccessLog, Download
from registry.formats.names import canonical, check_crate_name
from registry.formats.semver import Version as Semver
from registry.models import CountedFile, Crate, DownloadTotals, Version, VersionDownload

RECENT_DAYS = 90
# How long a collected file is remembered: longer than anybody fails to delete it.
KEEP_SPOOL_NAMES = timedelta(days=7)
# Versions and days that are looked up together; SQLite takes some 30,000 values in one query.
SLICE = 1000

Counts = Mapping[Download, int]
logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Counted:
    """What became of one file; `dropped` downloads were of no version of this registry."""

    downloads: int = 0
    dropped: int = 0
    unreadable: int = 0


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
        counted = _count_file(path.stem, CountedFile.Kind.SPOOL, counts)
        path.unlink(missing_ok=True)
        folded += counted.downloads if counted else 0
        if counted and (counted.dropped or spoiled):
            logger.warning(
                "downloads: %d of unknown versions, %d spoiled lines", counted.dropped, spoiled
            )
    old = datetime.now(UTC) - KEEP_SPOOL_NAMES
    CountedFile.objects.filter(kind=CountedFile.Kind.SPOOL, counted_at__lt=old).delete()
    return folded


def count_log(lines: Iterable[bytes]) -> Counted | None:
    """Counts one access log; None if a log of the same text was counted before.

    Reads to the end before it changes anything, so whatever `lines` raises leaves the counts.
    """
    digest = hashlib.sha256()
    log = AccessLog()
    counts = Counter(log.downloads(_digested(lines, digest)))
    counted = _count_file(f"sha256:{digest.hexdigest()}", CountedFile.Kind.LOG, counts)
    return counted and Counted(counted.downloads, counted.dropped, log.unreadable)


def _today() -> date:
    return datetime.now(UTC).date()


def _digested(lines: Iterable[bytes], digest: "hashlib._Hash") -> Iterator[str]:
    for line in lines:
        digest.update(line)
        yield line.decode(errors="replace")


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
def _count_file(name: str, kind: CountedFile.Kind, counts: Counts) -> Counted | None:
    """None if the file's downloads are counted already."""
    totals = _locked_totals()
    # A file that cannot be deleted stays known for as long as it is there.
    if CountedFile.objects.filter(name=name).update(counted_at=datetime.now(UTC)):
        return None
    CountedFile.objects.create(name=name, kind=kind)
    rest = iter(sorted(counts))
    downloads = 0
    while keys := list(islice(rest, SLICE)):
        downloads += _add({key: counts[key] for key in keys}, totals.recent_since)
    totals.total += downloads
    totals.save(update_fields=["total"])
    return Counted(downloads, dropped=sum(counts.values()) - downloads)


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
    ids = sorted(sums)
    for start in range(0, len(ids), SLICE):
        crates = _locked_crates(pk__in=ids[start : start + SLICE])
        for crate in crates:
            crate.recent_downloads -= sums[crate.pk]
        Crate.everything.bulk_update(crates, ["recent_downloads"], batch_size=SLICE)


def _add(counts: Counts, recent_since: date) -> int:
    """Answers how many of the downloads were of versions of this registry."""
    crates = _locked_crates(canonical_name__in={canonical(key.name) for key in counts})
    versions = _versions(crates, {key.num for key in counts})
    last_day = _today() + timedelta(days=1)
    known = {
        (versions[key.name, key.num].pk, key.day): count
        for key, count in counts.items()
        # A log from a clock that runs ahead must not fill days to come.
        if (key.name, key.num) in versions and key.day <= last_day
    }
    by_version: Counter[int] = Counter()
    recent: Counter[int] = Counter()
    for (version_id, day), count in known.items():
        by_version[version_id] += count
        recent[version_id] += count if day >= recent_since else 0
    changed = [version for version in versions.values() if version.pk in by_version]
    owners = {crate.pk: crate for crate in crates}
    for version in changed:
        version.downloads += by_version[version.pk]
        owners[version.crate_id].downloads += by_version[version.pk]
        owners[version.crate_id].recent_downloads += recent[version.pk]
    _add_days(known)
    Version.everything.bulk_update(changed, ["downloads"], batch_size=SLICE)
    Crate.everything.bulk_update(crates, ["downloads", "recent_downloads"], batch_size=SLICE)
    return sum(known.values())


def _locked_crates(**wanted: object) -> list[Crate]:
    """In the order of their numbers, in which everybody locks several."""
    rows = Crate.everything.filter(**wanted).order_by("pk").select_for_update()
    return list(rows.only("pk", "name", "downloads", "recent_downloads"))


def _versions(crates: list[Crate], nums: set[str]) -> dict[tuple[str, str], Version]:
    """By stored name and number, which a request must have spelled just so."""
    names = {crate.pk: crate.name for crate in crates}
    rows = Version.everything.filter(crate__in=list(names), num__in=nums).order_by("pk")
    return {
        (names[version.crate_id], version.num): version
        for version in rows.only("pk", "crate_id", "num", "downloads")
    }


def _add_days(counts: Mapping[tuple[int, date], int]) -> None:
    ids, days = {key[0] for key in counts}, {key[1] for key in counts}
    rows = VersionDownload.objects.filter(version__in=ids, date__in=days)
    there = {(row.version_id, row.date): row.downloads for row in rows}
    VersionDownload.objects.bulk_create(
        [
            VersionDownload(version_id=key[0], date=key[1], downloads=count + there.get(key, 0))
            for key, count in counts.items()
        ],
        batch_size=SLICE,
        update_conflicts=True,
        unique_fields=["version", "date"],
        update_fields=["downloads"],
    )
