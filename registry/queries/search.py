"""Finds crates by text: in names, then keywords, descriptions and readmes; on every database."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from types import ModuleType
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import Case, OrderBy, QuerySet, Value, When
from django.db.models.expressions import Combinable

from registry.formats.names import MAX_NAME_LENGTH
from registry.formats.search_text import MAX_TEXT_LENGTH, SearchText, edits, search_text
from registry.models import Crate
from registry.models.search_document import REST, TIERS
from registry.queries import search_postgresql, search_sqlite

__all__ = [
    "MAX_FOUND",
    "MAX_TEXT_LENGTH",
    "Place",
    "SearchPage",
    "Sort",
    "continue_search",
    "is_by_relevance",
    "matching",
    "most_downloaded",
    "search",
]

# By relevance so many crates are ranked: those with most recent downloads of all that fit.
MAX_FOUND = 1000
# So many are looked at to find names that somebody may have meant, and so many are shown.
MAX_SIMILAR = 50
MAX_GUESSES = 5
# Below this, every other short name is a letter away; from the second on, two letters may differ.
MIN_GUESSED_LENGTH = 4
LONG_NAME = 7


class Sort(StrEnum):
    """What clients may ask for (crates-io-api reference, 1.2)."""

    RELEVANCE = "relevance"
    ALPHABETICAL = "alphabetical"
    NEW = "new"
    RECENT_UPDATES = "recent-updates"
    DOWNLOADS = "downloads"
    RECENT_DOWNLOADS = "recent-downloads"


class Rank(IntEnum):
    """How well the name of a crate fits, best first."""

    EXACT_NAME = 0
    PREFIX = 1
    SUBSTRING = 2
    WORDS = 3


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page by relevance ended: how many crates came until then, and the last of them."""

    position: int
    pk: int


@dataclass(frozen=True, slots=True)
class SearchPage:
    """`total` counts the matches that paging reaches; where it `is_capped` there may be more.
    `exact` is the crate of just that name, if on this page, and `last` where the page
    ends by relevance. With `is_guess` nothing matches, and the crates have a similar name."""

    crates: list[Crate]
    total: int
    exact: Crate | None = None
    last: Place | None = None
    is_guess: bool = False
    is_capped: bool = False
    # All that was found by relevance, best first.
    found: Sequence[int] = ()


class _Candidate(NamedTuple):
    pk: int
    canonical_name: str
    recent_downloads: int
    downloads: int


_Order = tuple[str | OrderBy | Combinable, ...]
_POPULAR = ("-recent_downloads", "-downloads")
_BY_NAME: _Order = ("canonical_name",)
_ORDER: dict[str, _Order] = {
    Sort.NEW: ("-created_at", "-pk"),
    Sort.RECENT_UPDATES: ("-updated_at", "-pk"),
    Sort.DOWNLOADS: ("-downloads", "canonical_name"),
    Sort.RECENT_DOWNLOADS: ("-recent_downloads", "canonical_name"),
}


def search(
    text: str,
    *,
    page: int,
    per_page: int,
    sort: str | None = None,
    crates: QuerySet[Crate] | None = None,
) -> SearchPage:
    """Crates among `crates` in which every word of `text` occurs; all of them if it is empty.

    Pages count from 1. Without `sort` by relevance, all crates by name. Two queries for a list,
    at most six for a text.
    """
    start = (page - 1) * per_page
    if not text.strip():
        return _slice(_all(crates).order_by(*_ORDER.get(sort or "", _BY_NAME)), start, per_page)
    if is_by_relevance(sort):
        return _ranked(text, crates, start=start, after=None, per_page=per_page)
    found = _slice(matching(text, sort=sort, crates=crates), start, per_page)
    return found if found.total else _guessed(_all(crates), text, start, per_page)


def continue_search(
    text: str, *, after: Place | None, per_page: int, crates: QuerySet[Crate] | None = None
) -> SearchPage:
    """The page by relevance behind a place, or the first one.

    What comes in between moves nothing: the last crate is looked for again.
    """
    return _ranked(text, crates, start=0, after=after, per_page=per_page)


def matching(
    text: str, *, sort: str | None, crates: QuerySet[Crate] | None = None
) -> QuerySet[Crate]:
    """All crates among `crates` in which every word of `text` occurs, sorted, with `is_exact`."""
    wanted = _wanted(text)
    if wanted is None:
        return Crate.objects.none()
    # crates.io puts the crate of that name before the others where it sorts by name.
    is_exact = Case(When(canonical_name=wanted.name, then=Value(1)), default=Value(0))
    rows = _all(crates).filter(pk__in=_twin().matching(wanted.words)).annotate(is_exact=is_exact)
    return rows.order_by(*_ORDER.get(sort or "", ("-is_exact", *_BY_NAME)))


def most_downloaded(text: str, *, crates: QuerySet[Crate] | None = None) -> QuerySet[Crate]:
    """At most MAX_FOUND of those crates, the ones with most downloads lately."""
    wanted = _wanted(text)
    found = _candidates(crates, wanted)[0] if wanted else []
    return Crate.objects.filter(pk__in=[one.pk for one in found])


def is_by_relevance(sort: str | None) -> bool:
    return sort is None or sort == Sort.RELEVANCE


def _all(crates: QuerySet[Crate] | None) -> QuerySet[Crate]:
    return Crate.objects.all() if crates is None else crates


def _wanted(text: str) -> SearchText | None:
    wanted = search_text(text)
    # PostgreSQL refuses NUL in any parameter, and nothing stored contains it.
    return None if "\0" in text or not wanted.words else wanted


def _slice(rows: QuerySet[Crate], start: int, per_page: int) -> SearchPage:
    total = rows.count()
    shown = list(rows[start : start + per_page]) if start < total else []
    exact = next((crate for crate in shown if getattr(crate, "is_exact", False)), None)
    return SearchPage(shown, total, exact)


def _ranked(
    text: str, among: QuerySet[Crate] | None, *, start: int, after: Place | None, per_page: int
) -> SearchPage:
    wanted = _wanted(text)
    if wanted is None:
        return SearchPage([], 0)
    found = _by_relevance(among, wanted)
    if not found:
        return _guessed(_all(among), text, after.position if after else start, per_page)
    if after:
        start = found.index(after.pk) + 1 if after.pk in found else after.position
    crates = _loaded(found[start : start + per_page])
    exact = next((crate for crate in crates if crate.canonical_name == wanted.name), None)
    last = Place(start + len(crates), crates[-1].pk) if crates else None
    is_capped = len(found) == MAX_FOUND
    return SearchPage(crates, len(found), exact, last, is_capped=is_capped, found=found)


def _by_relevance(among: QuerySet[Crate] | None, wanted: SearchText) -> list[int]:
    """Ids of at most MAX_FOUND crates."""
    found, tier = _candidates(among, wanted)
    if not found:
        return []
    if len(found) == MAX_FOUND and all(one.canonical_name != wanted.name for one in found):
        # However little it is downloaded.
        exact = _all(among).filter(canonical_name=wanted.name).values_list(*_Candidate._fields)
        found = [*map(_Candidate._make, exact), *found][:MAX_FOUND]
        tier = None
    depths = dict(_run(_twin().depths(wanted.words, [one.pk for one in found], tier)))
    found.sort(key=lambda one: _place(one, depths.get(one.pk, len(Rank)), wanted.name))
    return [one.pk for one in found]


def _candidates(
    among: QuerySet[Crate] | None, wanted: SearchText
) -> tuple[list[_Candidate], int | None]:
    """The most downloaded lately of all that fit, and the tier of crates that holds them all.

    The first tiers are asked first: of a common word they hold enough.
    """
    tier: int | None = None
    if among is None and (found := _in_tiers(wanted)):
        ids, tier = found
        return [_Candidate(*row) for row in _run(_twin().most_downloaded(ids, MAX_FOUND))], tier
    for tier in (None,) if among is None else (0, REST - 1, None):
        fits = _all(among).filter(pk__in=_twin().matching(wanted.words, tier))
        popular = fits.order_by(*_POPULAR, "pk").values_list(*_Candidate._fields)[:MAX_FOUND]
        candidates = [_Candidate(*row) for row in popular]
        if len(candidates) == MAX_FOUND:
            break
    return candidates, tier


def _in_tiers(wanted: SearchText) -> tuple[list[int], int] | None:
    """What the first tier that holds enough holds; None if no tier does.

    How common the words are in the very first says where to go on.
    """
    tier: int | None = 0
    while tier is not None:
        ids = [pk for (pk,) in _run(_twin().found(wanted.words, tier))]
        if len(ids) >= MAX_FOUND:
            return ids, tier
        share = len(ids) / TIERS[tier]
        later = range(tier + 1, REST)
        tier = next((one for one in later if share * TIERS[one] >= MAX_FOUND), None)
    return None


def _place(one: _Candidate, depth: int, name: str) -> tuple[object, ...]:
    """Found by name before found by words; then the more downloaded, then by name."""
    rank = _rank(one.canonical_name, name) if depth == 0 else Rank.WORDS
    return (depth, rank, -one.recent_downloads, -one.downloads, one.canonical_name)


def _rank(canonical_name: str, wanted: str) -> Rank:
    # `serde json` finds serde_json as well as `serde-json` does.
    if canonical_name == wanted:
        return Rank.EXACT_NAME
    if canonical_name.startswith(wanted):
        return Rank.PREFIX
    return Rank.SUBSTRING if wanted in canonical_name else Rank.WORDS


def _guessed(among: QuerySet[Crate], text: str, start: int, per_page: int) -> SearchPage:
    """Crates whose name is a slip or two away; one query."""
    wanted = _wanted(text)
    if wanted is None or not MIN_GUESSED_LENGTH <= len(wanted.name) <= MAX_NAME_LENGTH + 2:
        return SearchPage([], 0)
    slips = 2 if len(wanted.name) >= LONG_NAME else 1
    similar = _twin().similar(wanted.name, limit=MAX_SIMILAR)
    near = sorted(
        (distance, -crate.recent_downloads, -crate.downloads, crate.canonical_name, crate)
        for crate in among.filter(pk__in=similar)
        if (distance := edits(wanted.name, crate.canonical_name, limit=slips)) <= slips
    )
    guesses = [crate for *_, crate in near[:MAX_GUESSES]]
    shown = guesses[start : start + per_page]
    last = Place(start + len(shown), shown[-1].pk) if shown else None
    return SearchPage(shown, len(guesses), last=last, is_guess=bool(guesses))


def _loaded(ids: Sequence[int]) -> list[Crate]:
    if not ids:
        return []
    crates = Crate.objects.in_bulk(ids)
    return [crates[pk] for pk in ids if pk in crates]


def _run(statement: tuple[str, list[Any]]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(*statement)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows


def _twin() -> ModuleType:
    return search_sqlite if connection.vendor == "sqlite" else search_postgresql
