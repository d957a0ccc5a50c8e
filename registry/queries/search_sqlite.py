"""Search on SQLite: what search_postgresql does there, by FTS5 tables."""

from collections.abc import Sequence
from typing import Any

from django.db import connection
from django.db.models.expressions import RawSQL

from registry.formats.search_text import SearchText, grams, part_of_name, spaced

# Those that have tables of their own; more would cost more at each change than they save here.
TIERS = (0, 4, 7, 11)
KEYWORDS, DESCRIPTION = "{name keywords} : ", "{name keywords description} : "

Statement = tuple[str, list[Any]]

_RANKED = """
SELECT id FROM (
    SELECT id, canonical_name, recent_downloads, downloads FROM registry_crate
    WHERE id IN ({found} UNION SELECT id FROM registry_crate WHERE canonical_name = %s)
    AND EXISTS (SELECT 1 FROM registry_searchdocument WHERE crate_id = id)
    AND hidden_at IS NULL {chosen}
    ORDER BY canonical_name = %s DESC, recent_downloads DESC, downloads DESC, id LIMIT %s
)
ORDER BY {fit}, recent_downloads DESC, downloads DESC, canonical_name
"""


def matching(words: Sequence[str], tier: int | None = None) -> RawSQL:
    """Ids of the crates with every word somewhere; of that tier and those before it if given."""
    return RawSQL(*_everywhere(words, "", tier))


def count(words: Sequence[str], tier: int) -> tuple[int, int]:
    """How many crates of that tier and those before it have every word somewhere; and about how
    many crates there are, 0 if nobody knows."""
    ids = matching(words, tier)
    statement = f"SELECT count(*), (SELECT max(id) FROM registry_crate) FROM ({ids.sql})"
    ((found, crates),) = _rows(statement, ids.params)
    return found, crates or 0


def ranked(
    wanted: SearchText, *, tier: int | None, among: Statement | None, most: int
) -> list[int]:
    """Ids of the visible crates with every word somewhere, best first: the `most` downloaded
    lately, and the crate of just that name. `among` selects the ids of those that count."""
    ids = matching(wanted.words, tier)
    chosen, of_chosen = (f"AND id IN ({among[0]})", among[1]) if among else ("", [])
    fit, of_fit = _fit(wanted, tier)
    rows = _rows(
        _RANKED.format(found=ids.sql, chosen=chosen, fit=fit),
        [*ids.params, wanted.name, *of_chosen, wanted.name, most, *of_fit],
    )
    return [pk for (pk,) in rows]


def similar(name: str, *, limit: int) -> RawSQL:
    """Ids of the crates whose names share most groups of three letters with this one."""
    pieces = grams(name)
    shared = " + ".join(["(instr(name, %s) > 0)"] * len(pieces))
    return RawSQL(
        "SELECT crate_id FROM registry_searchdocument WHERE crate_id IN (SELECT rowid "
        "FROM registry_search_names WHERE registry_search_names MATCH %s) "
        f"ORDER BY {shared} DESC, abs(length(name) - %s), crate_id LIMIT %s",
        [" OR ".join(map(_quoted, pieces)), *pieces, len(spaced(name)), limit],
    )


def _fit(wanted: SearchText, tier: int | None) -> tuple[str, list[str]]:
    """How well a crate fits, best first (see search.Fit); and the parameters."""
    words, name = wanted.words, wanted.name
    names = _table("names", tier)
    in_keywords, keywords = _everywhere(words, KEYWORDS, tier)
    in_description, description = _everywhere(words, DESCRIPTION, tier)
    fit = (
        "CASE WHEN canonical_name = %s THEN 0 "
        f"WHEN id IN (SELECT rowid FROM {names} WHERE {names} MATCH %s) THEN "
        "CASE instr(canonical_name, %s) WHEN 1 THEN 1 WHEN 0 THEN 3 ELSE 2 END "
        f"WHEN id IN ({in_keywords}) THEN 4 WHEN id IN ({in_description}) THEN 5 ELSE 6 END"
    )
    return fit, [name, _all_in_name(words), name, *keywords, *description]


def _everywhere(words: Sequence[str], columns: str, tier: int | None) -> tuple[str, list[str]]:
    """The select of crates with each word in the name or in those columns; its parameters."""
    names, texts = _table("names", tier), _table("words", tier)
    one = (
        f"SELECT rowid FROM (SELECT rowid FROM {names} WHERE {names} MATCH %s "
        f"UNION SELECT rowid FROM {texts} WHERE {texts} MATCH %s)"
    )
    parameters = []
    for word in words:
        parameters += [_quoted(part_of_name(word)), f"{columns}{_quoted(word)}"]
    return " INTERSECT ".join([one] * len(words)), parameters


def _all_in_name(words: Sequence[str]) -> str:
    return " AND ".join(_quoted(part_of_name(word)) for word in words)


def _rows(statement: str, parameters: Sequence[Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows


def _table(of: str, tier: int | None) -> str:
    return f"registry_search_{of}" if tier is None else f"registry_search_{of}_{tier:d}"


def _quoted(text: str) -> str:
    # Words hold letters and digits alone; the quotes keep AND, OR, NOT and NEAR from being more.
    return f'"{text}"'
