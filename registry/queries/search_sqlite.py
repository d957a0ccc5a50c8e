"""Search on SQLite: what search_postgresql does there, by two FTS5 tables."""

from collections.abc import Sequence

from django.db.models import F, IntegerField
from django.db.models.expressions import Combinable, RawSQL

from registry.formats.search_text import grams, part_of_name, spaced

KEYWORDS, DESCRIPTION = "{name keywords} : ", "{name keywords description} : "
BY_NAME: Combinable = F("canonical_name")


def named(words: Sequence[str]) -> RawSQL:
    """Ids of the crates with every word in their name."""
    return RawSQL(
        "SELECT rowid FROM registry_search_names WHERE registry_search_names MATCH %s",
        [" AND ".join(_quoted(part_of_name(word)) for word in words)],
    )


def matching(words: Sequence[str]) -> RawSQL:
    """Ids of the crates with every word somewhere."""
    return RawSQL(*_everywhere(words, ""))


def depth(words: Sequence[str]) -> RawSQL:
    """Of a matching crate: 0 if names and keywords suffice, 1 with the description, 2 else."""
    in_keywords, keywords = _everywhere(words, KEYWORDS)
    in_description, description = _everywhere(words, DESCRIPTION)
    return RawSQL(
        f"CASE WHEN registry_crate.id IN ({in_keywords}) THEN 0 "
        f"WHEN registry_crate.id IN ({in_description}) THEN 1 ELSE 2 END",
        [*keywords, *description],
        output_field=IntegerField(),
    )


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


def _everywhere(words: Sequence[str], columns: str) -> tuple[str, list[str]]:
    """The select of crates with each word in the name or in those columns; its parameters."""
    one = (
        "SELECT rowid FROM (SELECT rowid FROM registry_search_names "
        "WHERE registry_search_names MATCH %s UNION SELECT rowid FROM registry_search_words "
        "WHERE registry_search_words MATCH %s)"
    )
    parameters = []
    for word in words:
        parameters += [_quoted(part_of_name(word)), f"{columns}{_quoted(word)}"]
    return " INTERSECT ".join([one] * len(words)), parameters


def _quoted(text: str) -> str:
    # Words hold letters and digits alone; the quotes keep AND, OR, NOT and NEAR from being more.
    return f'"{text}"'
