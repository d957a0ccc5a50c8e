"""Finds crates by text: in names, then keywords, descriptions and readmes; on every database."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from types import ModuleType

from django.db import connection
from django.db.models import Case, IntegerField, OrderBy, QuerySet, Value, When
from django.db.models.expressions import Combinable

from registry.formats.names import MAX_NAME_LENGTH
from registry.formats.search_text import MAX_TEXT_LENGTH, SearchText, edits, search_text
from registry.models import Crate
from registry.queries import search_postgresql, search_sqlite

__all__ = ["MAX_TEXT_LENGTH", "SearchPage", "Sort", "search"]

# A text finds at most so many crates: the ones with most recent downloads of those that fit.
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
class SearchPage:
    """`total` counts all matches, up to MAX_FOUND; `exact` is the crate of just that name, if on
    this page. With `is_guess` nothing matches, and the crates have a similar name."""

    crates: list[Crate]
    total: int
    exact: Crate | None
    is_guess: bool = False


_Order = tuple[str | OrderBy | Combinable, ...]
_POPULAR = ("-recent_downloads", "-downloads")
_BY_NAME: _Order = ("canonical_name",)
_ORDER: dict[str, _Order] = {
    Sort.ALPHABETICAL: _BY_NAME,
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
    at most three for a text.
    """
    among = Crate.objects.all() if crates is None else crates
    start = (page - 1) * per_page
    if not text.strip():
        return _all(among, start, per_page, sort)
    wanted = search_text(text)
    if "\0" in text or not wanted.words:
        # PostgreSQL refuses NUL in any parameter, and nothing stored contains it.
        return SearchPage([], 0, None)
    if sort is None or sort == Sort.RELEVANCE:
        found = _by_relevance(among, wanted)
    else:
        found = _sorted(among, wanted, sort)
    if not found:
        return _guessed(among, wanted, start, per_page)
    return _page(_loaded(found[start : start + per_page]), len(found), wanted)


def _all(among: QuerySet[Crate], start: int, per_page: int, sort: str | None) -> SearchPage:
    total = among.count()
    if start >= total:
        return SearchPage([], total, None)
    rows = among.order_by(*_ORDER.get(sort or "", _BY_NAME))
    return SearchPage(list(rows[start : start + per_page]), total, None)


def _by_relevance(among: QuerySet[Crate], wanted: SearchText) -> list[int]:
    """Ids of at most MAX_FOUND crates: those found by name, then the others."""
    twin = _twin()
    named = among.filter(pk__in=twin.named(wanted.words))
    found = _ids(named.order_by(_rank(wanted), *_POPULAR, twin.BY_NAME))
    if len(found) < MAX_FOUND:
        # Ranking costs by the row, so only the most popular ones are ranked.
        popular = among.filter(pk__in=twin.matching(wanted.words)).order_by(*_POPULAR, "pk")
        ranked = Crate.objects.filter(pk__in=popular.values("pk")[:MAX_FOUND])
        found += _ids(ranked.order_by(twin.depth(wanted.words), *_POPULAR, twin.BY_NAME))
    return list(dict.fromkeys(found))[:MAX_FOUND]


def _sorted(among: QuerySet[Crate], wanted: SearchText, sort: str) -> list[int]:
    matching = among.filter(pk__in=_twin().matching(wanted.words))
    if sort in _ORDER:
        return _ids(matching.order_by(*_ORDER[sort]))
    # crates.io puts the crate of that name before the others for what it does not know.
    is_exact = Case(When(canonical_name=wanted.name, then=Value(0)), default=Value(1))
    return _ids(matching.order_by(is_exact, "canonical_name"))


def _guessed(among: QuerySet[Crate], wanted: SearchText, start: int, per_page: int) -> SearchPage:
    """Crates whose name is a slip or two away; one query."""
    if not MIN_GUESSED_LENGTH <= len(wanted.name) <= MAX_NAME_LENGTH + 2:
        return SearchPage([], 0, None)
    slips = 2 if len(wanted.name) >= LONG_NAME else 1
    similar = _twin().similar(wanted.name, limit=MAX_SIMILAR)
    near = sorted(
        (distance, -crate.recent_downloads, -crate.downloads, crate.canonical_name, crate)
        for crate in among.filter(pk__in=similar)
        if (distance := edits(wanted.name, crate.canonical_name, limit=slips)) <= slips
    )
    guesses = [crate for *_, crate in near[:MAX_GUESSES]]
    return SearchPage(guesses[start : start + per_page], len(guesses), None, bool(guesses))


def _page(crates: list[Crate], total: int, wanted: SearchText) -> SearchPage:
    exact = next((crate for crate in crates if crate.canonical_name == wanted.name), None)
    return SearchPage(crates, total, exact)


def _ids(rows: QuerySet[Crate]) -> list[int]:
    return list(rows.values_list("pk", flat=True)[:MAX_FOUND])


def _loaded(ids: Sequence[int]) -> list[Crate]:
    if not ids:
        return []
    crates = Crate.objects.in_bulk(ids)
    return [crates[pk] for pk in ids if pk in crates]


def _rank(wanted: SearchText) -> Case:
    return Case(
        # `serde json` finds serde_json as well as `serde-json` does.
        When(canonical_name=wanted.name, then=Value(Rank.EXACT_NAME)),
        When(canonical_name__startswith=wanted.name, then=Value(Rank.PREFIX)),
        When(canonical_name__contains=wanted.name, then=Value(Rank.SUBSTRING)),
        default=Value(Rank.WORDS),
        output_field=IntegerField(),
    )


def _twin() -> ModuleType:
    return search_sqlite if connection.vendor == "sqlite" else search_postgresql
