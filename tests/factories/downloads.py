"""Downloads as access logs and web processes note them, and what the counts say."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta

from django.db.models import Sum

from registry.models import Crate, DownloadTotals, Version, VersionDownload
from registry.operations.count_downloads import Counted
from registry.operations.count_logs import count_log


def today() -> date:
    return datetime.now(UTC).date()


def days_ago(number: int) -> date:
    return today() - timedelta(days=number)


def log_line(
    name: str, num: str = "1.0.0", *, day: date | None = None, agent: str = "cargo/1.90.0"
) -> bytes:
    """In nginx's combined form, at noon of the day in UTC."""
    time = f"{day or today():%d/%b/%Y}:12:00:00 +0000"
    path = f"/api/v1/crates/{name}/{num}/download"
    return f'192.0.2.1 - - [{time}] "GET {path} HTTP/2.0" 200 99 "-" "{agent}"\n'.encode()


def count_lines(lines: Iterable[bytes]) -> Counted | None:
    """As a log of its own."""
    text = b"".join(lines)
    return count_log(lambda: [text])


def all_counts_agree() -> int:
    """The number of all downloads, which every place where it is kept must agree on."""
    total = VersionDownload.objects.aggregate(n=Sum("downloads", default=0))["n"]
    for version in Version.objects.annotate(n=Sum("download_counts__downloads", default=0)):
        assert version.downloads == version.n, version
    for crate in Crate.objects.annotate(n=Sum("versions__total__downloads", default=0)):
        assert crate.downloads == crate.n, crate
        rows = VersionDownload.objects.filter(version__crate=crate, date__gte=days_ago(89))
        recent = rows.aggregate(n=Sum("downloads", default=0))["n"]
        assert crate.recent_downloads == recent, crate
    totals = DownloadTotals.objects.first()
    assert (totals.total if totals else 0) == total
    return int(total)
