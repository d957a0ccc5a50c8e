"""How the versions of a crate, or of the whole registry, came to be here."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from django.core.cache import cache
from django.db.models import Count, Max, Min, QuerySet
from django.db.models.functions import TruncMonth

from registry.models import Crate, Provenance, PublishKind, Version
from registry.pictures.bars import Bars, Series, stacked_bars

MONTHS_OF_CRATE = 24
MONTHS_OF_REGISTRY = 12
SHARES_KEPT_SECONDS = 3600
SHOWN_SOURCES = 10
SHOWN_YANKED = 20
KINDS = (
    (PublishKind.TRUSTED, "Trusted publishing", "kind-trusted"),
    (PublishKind.TOKEN, "API token", "kind-token"),
    (PublishKind.IMPORTED, "Import", "kind-import"),
)
_Counts = Iterable[tuple[date, str, int]]


@dataclass(frozen=True, slots=True)
class Source:
    """A repository that versions came from, as their jobs' identities named it."""

    repository: str
    issuer_url: str
    link: str
    versions: int
    first_at: datetime
    last_at: datetime


@dataclass(frozen=True, slots=True)
class History:
    """`kinds` are named and counted ways to publish; `yanked` the latest yanked versions."""

    kinds: Sequence[tuple[str, int]]
    sources: Sequence[Source]
    yanked: Sequence[Version]
    num_yanked: int


def history_of(crate: Crate) -> History:
    """Four queries."""
    rows = Provenance.objects.filter(version__crate=crate, version__hidden_at=None)
    counts = Counter(dict(rows.values_list("kind").annotate(Count("pk"))))
    yanked = crate.versions.filter(yanked=True)
    latest = yanked.newest_first().defer("readme", "index_line", "features")[:SHOWN_YANKED]
    return History(
        kinds=[(title, counts[kind]) for kind, title, _ in KINDS if counts[kind]],
        sources=_sources(rows.filter(kind=PublishKind.TRUSTED)),
        yanked=list(latest),
        num_yanked=yanked.count(),
    )


def releases_by_month(crate: Crate) -> Bars | None:
    """The last MONTHS_OF_CRATE months at most; None without versions. One query."""
    months = _months(MONTHS_OF_CRATE)
    found = crate.versions.filter(created_at__gte=_start(months[0]))
    counts = list(_by_month(found))
    if not counts:
        return None
    first = min(month for month, _, _ in counts)
    # A young crate is not stretched over two years, nor squeezed into one bar.
    return _bars([month for month in months if month >= first or month in months[-6:]], counts)


def shares_by_month() -> Bars | None:
    """Of the registry's publishes, imports left out; None without any.

    One query an hour: it reads a year of publishes.
    """
    months = _months(MONTHS_OF_REGISTRY)
    key = f"shares-by-month:{months[-1]}"
    counts = cache.get(key)
    if counts is None:
        found = Version.objects.filter(created_at__gte=_start(months[0]))
        counts = list(_by_month(found.exclude(provenance__kind=PublishKind.IMPORTED)))
        cache.set(key, counts, SHARES_KEPT_SECONDS)
    return _bars(months, counts, kinds=KINDS[:2], shares=True) if counts else None


def _sources(rows: QuerySet[Provenance]) -> list[Source]:
    found = (
        rows.values("repository", "issuer_url", "links__repository")
        .annotate(n=Count("pk"), first=Min("version__created_at"), last=Max("version__created_at"))
        .order_by("-last")[:SHOWN_SOURCES]
    )
    return [
        Source(
            repository=row["repository"],
            issuer_url=row["issuer_url"],
            link=row["links__repository"] or "",
            versions=row["n"],
            first_at=row["first"],
            last_at=row["last"],
        )
        for row in found
    ]


def _by_month(versions: QuerySet[Version]) -> _Counts:
    found = (
        versions.filter(provenance__isnull=False)
        .order_by()
        .annotate(month=TruncMonth("created_at", tzinfo=UTC))
        .values_list("month", "provenance__kind")
        .annotate(Count("pk"))
    )
    return [(month.date(), kind, count) for month, kind, count in found]


def _bars(
    months: Sequence[date],
    counts: _Counts,
    *,
    kinds: Sequence[tuple[str, str, str]] = KINDS,
    shares: bool = False,
) -> Bars:
    known = {(month, kind): count for month, kind, count in counts}
    series = [
        Series(title, style, [known.get((month, kind), 0) for month in months])
        for kind, title, style in kinds
    ]
    used = [one for one in series if any(one.values)]
    names = [f"{month:%b %Y}" for month in months]
    return stacked_bars(names, used, shares=shares, unit=" %" if shares else "")


def _months(count: int) -> list[date]:
    """The firsts of the last months, this one included."""
    month = datetime.now(UTC).date().replace(day=1)
    found = [month]
    while len(found) < count:
        month = (month - timedelta(days=1)).replace(day=1)
        found.append(month)
    return found[::-1]


def _start(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
