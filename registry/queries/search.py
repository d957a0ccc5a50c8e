"""Finds crates by text: in names, then keywords, descriptions and readmes; on every database."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from math import inf
from types import ModuleType
from typing import Any

from django.conf import settings
from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import Case, OrderBy, QuerySet, Value, When
from django.db.models.expressions import Combinable

from registry.formats.names import MAX_NAME_LENGTH
from registry.formats.search_text import MAX_TEXT_LENGTH, SearchText, edits, search_text
from registry.models import Crate
from registry.queries import search_postgresql, search_sqlite

__all__ = [
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

# So many are looked at to find names that somebody may have meant, and so many are shown.
MAX_SIMILAR = 50
MAX_GUESSES = 5
# Below this, every other short name is a letter away; from the second on, two letters may differ.
MIN_GUESSED_LENGTH = 4
LONG_NAME = 7
# By so many standard deviations a tier is chosen larger than what was found suggests.
SLACK = 1.5


class Sort(StrEnum):
    """What clients may ask for (crates-io-api reference, 1.2)."""

    RELEVANCE = "relevance"
    ALPHABETICAL = "alphabetical"
    NEW = "new"
    RECENT_UPDATES = "recent-updates"
    DOWNLOADS = "downloads"
    RECENT_DOWNLOADS = "recent-downloads"


class Fit(IntEnum):
    """How well a crate fits, best first; search_postgresql and search_sqlite say the numbers.

    In the middle three the name has every word. In the next, names and keywords suffice for all
    of them, then with the description, at last with the readme.
    """

    EXACT_NAME = 0
    BEGINNING_OF_NAME = 1
    PART_OF_NAME = 2
    WORDS_OF_NAME = 3
    KEYWORDS = 4
    DESCRIPTION = 5
    README = 6


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


_Order = tuple[str | OrderBy | Combinable, ...]
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
    for a text at most six by relevance.
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
    """At most SEARCH_MAX_FOUND of those crates, the ones with most downloads lately."""
    wanted = _wanted(text)
    return Crate.objects.filter(pk__in=_by_relevance(crates, wanted) if wanted else [])


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
    is_capped = len(found) == settings.SEARCH_MAX_FOUND
    return SearchPage(crates, len(found), exact, last, is_capped=is_capped, found=found)


def _by_relevance(among: QuerySet[Crate] | None, wanted: SearchText) -> list[int]:
    """Ids of at most SEARCH_MAX_FOUND crates, best first; of the first tier that holds as many."""
    most = settings.SEARCH_MAX_FOUND
    statement: tuple[str, list[Any]] | None = None
    likely: int | None = 0
    held, crates = 0, 0
    if among is not None:
        try:
            sql, params = among.order_by().values("pk").query.sql_with_params()
        except EmptyResultSet:
            return []
        statement = sql, list(params)
    else:
        held, crates = _twin().count(wanted.words, 0)
        if held < most:
            likely = _likely_tier(0, held, crates)
    while likely is not None:
        found = _ranked_ids(wanted, likely, statement)
        if len(found) >= most:
            return found
        likely = _likely_tier(likely, len(found), crates)
    return _ranked_ids(wanted, None, statement)


def _likely_tier(looked_at: int, found: int, crates: int) -> int | None:
    """The first tier behind it that holds enough, if words are as common there; None for all.

    `crates` is how many there are about, 0 if nobody knows.
    """
    sizes = settings.SEARCH_TIERS
    # Of few that were found, chance may well be a good part.
    enough = settings.SEARCH_MAX_FOUND * (1 + SLACK / max(found, 1) ** 0.5)
    later = (one for one in _twin().TIERS if one > looked_at and sizes[one] < (crates or inf))
    return next((one for one in later if found / sizes[looked_at] * sizes[one] >= enough), None)


def _ranked_ids(
    wanted: SearchText, tier: int | None, among: tuple[str, list[Any]] | None
) -> list[int]:
    ids: list[int] = _twin().ranked(wanted, tier=tier, among=among, most=settings.SEARCH_MAX_FOUND)
    return ids


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


def _twin() -> ModuleType:
    return search_sqlite if connection.vendor == "sqlite" else search_postgresql
