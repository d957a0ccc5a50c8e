"""Search on PostgreSQL: full text by stemmed words, parts of names by trigrams."""

from collections.abc import Sequence
from typing import Any

from django.db.models.expressions import RawSQL

from registry.formats.search_text import grams, part_of_name, spaced

# Full-text weights: A is the name, B the keywords, C the description.
KEYWORDS, DESCRIPTION = "AB", "ABC"
# To the letter as in the index of the migration search_document.
_ALL_WORDS = (
    "to_tsvector('registry_search'::regconfig, "
    "name || ' ' || keywords || ' ' || description || ' ' || readme)"
)

Statement = tuple[str, list[Any]]


def matching(words: Sequence[str], tier: int | None = None) -> RawSQL:
    """Ids of the crates with every word somewhere; of that tier and those before it if given."""
    # To the letter as the indexes of the migration search_tiers say it, or they are of no use.
    among = "" if tier is None else f" AND tier <= {tier:d}"
    # Not one condition with OR: rows found by trigrams are looked at once more, and with them
    # all others of the same page, which means to make the words of their readmes again.
    one = (
        f"(SELECT crate_id FROM registry_searchdocument WHERE name LIKE %s{among} UNION "
        f"SELECT crate_id FROM registry_searchdocument WHERE {_ALL_WORDS} @@ "
        f"to_tsquery('registry_search', %s){among})"
    )
    parameters = [text for word in words for text in (_like(word), _quoted(word))]
    return RawSQL(" INTERSECT ".join([one] * len(words)), parameters)


def found(words: Sequence[str], tier: int | None) -> Statement:
    """As `matching`, to be asked for alone."""
    ids = matching(words, tier)
    return ids.sql, list(ids.params)


def most_downloaded(ids: Sequence[int], limit: int) -> Statement:
    """What search.Candidate has, of the first ones of those that are visible."""
    # One lookup for each: the planner would rather read all crates to join a few thousand.
    select = (
        "SELECT crate.* FROM unnest(%s::bigint[]) AS found(id) CROSS JOIN LATERAL ("
        "SELECT id, canonical_name, recent_downloads, downloads FROM registry_crate "
        "WHERE id = found.id AND hidden_at IS NULL LIMIT 1) AS crate "
        "ORDER BY recent_downloads DESC, downloads DESC, id LIMIT %s"
    )
    return select, [list(ids), limit]


def depths(words: Sequence[str], ids: Sequence[int], tier: int | None) -> Statement:
    """Of matching crates: 0 if the name has all words, 1 if names and keywords suffice, 2 with the
    description, 3 else."""
    in_name = " AND ".join(["name LIKE %s"] * len(words))
    in_keywords, keywords = _in_summary(words, KEYWORDS)
    in_description, description = _in_summary(words, DESCRIPTION)
    select = (
        f"SELECT crate_id, CASE WHEN {in_name} THEN 0 WHEN {in_keywords} THEN 1 "
        f"WHEN {in_description} THEN 2 ELSE 3 END FROM registry_searchdocument "
        "WHERE crate_id = ANY(%s)"
    )
    return select, [*map(_like, words), *keywords, *description, list(ids)]


def similar(name: str, *, limit: int) -> RawSQL:
    """Ids of the crates whose names share most groups of three letters with this one."""
    pieces = grams(name)
    shared = " + ".join(["(strpos(name, %s) > 0)::int"] * len(pieces))
    return RawSQL(
        "SELECT crate_id FROM registry_searchdocument WHERE name LIKE ANY(%s) "
        f"ORDER BY {shared} DESC, abs(length(name) - %s), crate_id LIMIT %s",
        [[f"%{piece}%" for piece in pieces], *pieces, len(spaced(name)), limit],
    )


def _in_summary(words: Sequence[str], weights: str) -> tuple[str, list[str]]:
    """The condition that each word is in the name or has one of the weights; its parameters."""
    one = "(name LIKE %s OR summary_words @@ to_tsquery('registry_search', %s))"
    parameters = [text for word in words for text in (_like(word), f"{_quoted(word)}:{weights}")]
    return " AND ".join([one] * len(words)), parameters


def _like(word: str) -> str:
    # Words hold letters and digits alone, so nothing has to be escaped.
    return f"%{part_of_name(word)}%"


def _quoted(word: str) -> str:
    return f"'{word}'"
