"""Downloads of a crate as pictures: each day of it, each week by version."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta

from django.db import connection

from registry.models import Crate
from registry.pictures.bars import Bars, Series, stacked_bars
from registry.pictures.lines import Drawing, spark
from registry.queries.downloads import DAYS, crate_downloads

WEEKS = 12
# Written here, and not by Django for each page anew; days as text, alike on every database.
_DAILY = """
    SELECT CAST(counted.date AS text), SUM(counted.downloads)
    FROM registry_versiondownload AS counted
    JOIN registry_version AS version ON version.id = counted.version_id
    WHERE version.crate_id = %s AND counted.date BETWEEN %s AND %s
    GROUP BY counted.date
"""
_STYLES = ("series-1", "series-2", "series-3", "series-4", "series-5")


def daily_downloads(crate: Crate) -> Drawing | None:
    """The last DAYS days; None without any download. One query."""
    today = datetime.now(UTC).date()
    days = [today - timedelta(days=ago) for ago in range(DAYS - 1, -1, -1)]
    with connection.cursor() as cursor:
        cursor.execute(_DAILY, [crate.pk, days[0], today])
        counts = {day: int(downloads) for day, downloads in cursor.fetchall()}
    return spark([counts.get(day.isoformat(), 0) for day in days]) if counts else None


def weekly_downloads(crate: Crate) -> Bars | None:
    """The last WEEKS weeks, of the highest versions and the rest; None without any download.

    Three queries.
    """
    found = crate_downloads(crate)
    last = datetime.now(UTC).date()
    by_version: dict[int, Counter[int]] = {pk: Counter() for pk in found.highest}
    for row in found.by_version:
        by_version[row.version_id][_week(row.date, last)] += row.downloads
    rest: Counter[int] = Counter()
    for day, downloads in found.others:
        rest[_week(day, last)] += downloads
    if not any(counts.total() for counts in [*by_version.values(), rest]):
        return None
    numbers = dict(crate.versions.filter(pk__in=found.highest).values_list("pk", "num"))
    series = [
        Series(numbers[pk], style, _values(by_version[pk]))
        for pk, style in zip(found.highest, _STYLES, strict=False)
        if by_version[pk].total()
    ]
    if rest.total():
        series.append(Series("Older versions", "series-rest", _values(rest)))
    ends = [last - timedelta(weeks=ago) for ago in range(WEEKS - 1, -1, -1)]
    return stacked_bars([f"{end:%-d %b}" for end in ends], series[::-1])


def _week(day: date, last: date) -> int:
    """How many weeks ago; 0 is the week that ends today."""
    return (last - day).days // 7


def _values(counts: Counter[int]) -> list[int]:
    return [counts[ago] for ago in range(WEEKS - 1, -1, -1)]
