"""Search on SQLite: what search_postgresql does there, by two FTS5 tables."""

import json
from collections.abc import Sequence
from typing import Any

from django.db.models.expressions import RawSQL

from registry.formats.search_text import grams, part_of_name, spaced

KEYWORDS, DESCRIPTION = "{name keywords} : ", "{name keywords description} : "

Statement = tuple[str, list[Any]]


def matching(words: Sequence[str], tier: int | None = None) -> RawSQL:
    """Ids of the crates with every word somewhere; of that tier and those before it if given."""
    return RawSQL(*_everywhere(words, "", tier))


def found(words: Sequence[str], tier: int | None) -> Statement:
    """As `matching`, to be asked for alone."""
    ids = matching(words, tier)
    return ids.sql, list(ids.params)


def most_downloaded(ids: Sequence[int], limit: int) -> Statement:
    """What search.Candidate has, of the first ones of those that are visible."""
    select = (
        "SELECT id, canonical_name, recent_downloads, downloads FROM registry_crate "
        "WHERE id IN (SELECT value FROM json_each(%s)) AND hidden_at IS NULL "
        "ORDER BY recent_downloads DESC, downloads DESC, id LIMIT %s"
    )
    return select, [json.dumps(list(ids)), limit]


def depths(words: Sequence[str], ids: Sequence[int], tier: int | None) -> Statement:
    """Of matching crates: 0 if the name has all words, 1 if names and keywords suffice, 2 with the
    description, 3 else."""
    names = _table("names", tier)
    in_keywords, keywords = _everywhere(words, KEYWORDS, tier)
    in_description, description = _everywhere(words, DESCRIPTION, tier)
    select = (
        f"SELECT value, CASE WHEN value IN (SELECT rowid FROM {names} WHERE {names} MATCH %s) "
        f"THEN 0 WHEN value IN ({in_keywords}) THEN 1 WHEN value IN ({in_description}) THEN 2 "
        "ELSE 3 END FROM json_each(%s)"
    )
    return select, [_all_in_name(words), *keywords, *description, json.dumps(list(ids))]


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


def _table(of: str, tier: int | None) -> str:
    return f"registry_search_{of}" if tier is None else f"registry_search_{of}_{tier:d}"


def _quoted(text: str) -> str:
    # Words hold letters and digits alone; the quotes keep AND, OR, NOT and NEAR from being more.
    return f'"{text}"'
