"""Search on PostgreSQL: one index of full text, which also holds parts of names and tiers."""

from collections.abc import Sequence
from typing import Any

from django.db import connection
from django.db.models.expressions import RawSQL

from registry.formats.search_text import GRAM, SearchText, grams, part_of_name, spaced
from registry.models.search_document import REST

# Full-text weights: A is the name, B the keywords, C the description.
KEYWORDS, DESCRIPTION = "AB", "ABC"
# Those that can be looked through by themselves.
TIERS = tuple(range(REST))
# To the letter as the index of the migration search_lexemes has it, which says what they are.
_LEXEMES = "registry_search_lexemes(name, keywords, description, readme, popularity_tier)"
MAX_BIGINT = 2**63 - 1

Statement = tuple[str, list[Any]]

# One lookup for each: the planner would rather read all crates to join a few thousand. In the order
# of their rows, neighbours are found in the same pages.
_CHOSEN = (
    "(SELECT * FROM found ORDER BY crate_id) AS found CROSS JOIN LATERAL "
    "(SELECT * FROM registry_crate WHERE id = crate_id AND hidden_at IS NULL LIMIT 1) AS crate"
)
_CHOSEN_AMONG = (
    "found JOIN registry_crate AS crate ON crate.id = found.crate_id "
    "AND hidden_at IS NULL AND crate.id IN ({among})"
)
# What is sorted is narrow. The ids come in one text: a thousand rows cost the client more than the
# search the database.
_RANKED = """
WITH found AS MATERIALIZED (
    SELECT crate_id, {fit} AS fit FROM registry_searchdocument
    WHERE {lexemes} @@ ({query})
    OR crate_id = (SELECT id FROM registry_crate WHERE canonical_name = %s)
), best AS MATERIALIZED (
    SELECT id, fit, recent_downloads, downloads, canonical_name FROM {chosen}
    ORDER BY
        CASE WHEN canonical_name = %s THEN {first} ELSE recent_downloads END DESC,
        downloads DESC, id
    LIMIT %s
)
SELECT string_agg(id::text, ' ') FROM (
    SELECT id FROM best
    ORDER BY
        CASE
            WHEN canonical_name = %s THEN 0
            WHEN fit > {in_name} THEN fit
            ELSE CASE strpos(canonical_name, %s) WHEN 1 THEN 1 WHEN 0 THEN 3 ELSE 2 END
        END,
        recent_downloads DESC, downloads DESC, canonical_name COLLATE "C"
) AS sorted
"""
_IN_NAME = 3
# As the database counted them last.
_CRATES = "(SELECT reltuples FROM pg_class WHERE oid = 'registry_searchdocument'::regclass)"


def matching(words: Sequence[str], tier: int | None = None) -> RawSQL:
    """Ids of the crates with every word somewhere; of that tier and those before it if given."""
    query, parameters = _query(words, tier)
    return RawSQL(
        f"SELECT crate_id FROM registry_searchdocument WHERE {_LEXEMES} @@ ({query})",
        parameters,
    )


def count(words: Sequence[str], tier: int) -> tuple[int, int]:
    """How many crates of that tier and those before it have every word somewhere; and about how
    many crates there are, 0 if nobody knows."""
    ids = matching(words, tier)
    found, crates = _row(f"SELECT count(*), {_CRATES} FROM ({ids.sql}) AS found", ids.params)
    return found, max(int(crates), 0)


def ranked(
    wanted: SearchText, *, tier: int | None, among: Statement | None, most: int
) -> list[int]:
    """Ids of the visible crates with every word somewhere, best first: the `most` downloaded
    lately, and the crate of just that name. `among` selects the ids of those that count."""
    query, of_query = _query(wanted.words, tier)
    fit, of_fit = _fit(wanted.words)
    chosen, of_chosen = _CHOSEN, []
    if among:
        chosen, of_chosen = _CHOSEN_AMONG.format(among=among[0]), among[1]
    statement = _RANKED.format(
        fit=fit, lexemes=_LEXEMES, query=query, in_name=_IN_NAME, chosen=chosen, first=MAX_BIGINT
    )
    name = wanted.name
    parameters = [*of_fit, *of_query, name, *of_chosen, name, most, name, name]
    (text,) = _row(statement, parameters)
    return [int(pk) for pk in text.split()] if text else []


def similar(name: str, *, limit: int) -> RawSQL:
    """Ids of the crates whose names share most groups of three letters with this one."""
    pieces = grams(name)
    shared = " + ".join(["(strpos(name, %s) > 0)::int"] * len(pieces))
    return RawSQL(
        f"SELECT crate_id FROM registry_searchdocument WHERE {_LEXEMES} @@ %s::tsquery "
        f"ORDER BY {shared} DESC, abs(length(name) - %s), crate_id LIMIT %s",
        [" | ".join(map(_piece_of_name, pieces)), *pieces, len(spaced(name)), limit],
    )


def _query(words: Sequence[str], tier: int | None) -> tuple[str, list[str]]:
    """The tsquery of each word being somewhere, in a tier if one is given; its parameters."""
    parts = ["(to_tsquery('registry_search', %s) || %s::tsquery)"] * len(words)
    parameters = [text for word in words for text in (_quoted(word), _in_name(word))]
    if tier is not None:
        parts.append("%s::tsquery")
        parameters.append(" | ".join(f"'#{one}'" for one in range(tier + 1)))
    return " && ".join(parts), parameters


def _fit(words: Sequence[str]) -> tuple[str, list[str]]:
    """How well a crate fits as far as its words say it (see search.Fit); and the parameters."""
    in_name = " AND ".join(["name LIKE %s"] * len(words))
    in_keywords, keywords = _in_summary(words, KEYWORDS)
    in_description, description = _in_summary(words, DESCRIPTION)
    fit = (
        f"CASE WHEN {in_name} THEN {_IN_NAME} "
        f"WHEN {in_keywords} THEN 4 WHEN {in_description} THEN 5 ELSE 6 END"
    )
    return fit, [*map(_like, words), *keywords, *description]


def _in_summary(words: Sequence[str], weights: str) -> tuple[str, list[str]]:
    """The condition that each word is in the name or has one of the weights; its parameters."""
    # The query within a query of its own: otherwise it is made anew for each row.
    one = "(name LIKE %s OR summary_words @@ (SELECT to_tsquery('registry_search', %s)))"
    parameters = [text for word in words for text in (_like(word), f"{_quoted(word)}:{weights}")]
    return " AND ".join([one] * len(words)), parameters


def _row(statement: str, parameters: Sequence[Any]) -> tuple[Any, ...]:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        row: tuple[Any, ...] = cursor.fetchone()
        return row


def _in_name(word: str) -> str:
    """The lexeme of every name in which a word is part of a word; a short one, its beginning."""
    return f"'~{word}':*" if len(word) >= GRAM else f"'~^{word}':*"


def _piece_of_name(piece: str) -> str:
    """The same of a piece with a space where a word begins or ends."""
    begins = "^" if piece.startswith(" ") else ""
    return f"'~{begins}{piece.strip()}'" + ("" if piece.endswith(" ") else ":*")


def _like(word: str) -> str:
    # Words hold letters and digits alone, so nothing has to be escaped.
    return f"%{part_of_name(word)}%"


def _quoted(word: str) -> str:
    return f"'{word}'"
