"""Search on PostgreSQL: full text by stemmed words, parts of names by trigrams."""

from collections.abc import Sequence
from typing import Any

from django.db import connection
from django.db.models.expressions import RawSQL

from registry.formats.search_text import SearchText, grams, part_of_name, spaced

# Full-text weights: A is the name, B the keywords, C the description.
KEYWORDS, DESCRIPTION = "AB", "ABC"
# To the letter as in the index of the migration search_document.
_ALL_WORDS = (
    "to_tsvector('registry_search'::regconfig, "
    "name || ' ' || keywords || ' ' || description || ' ' || readme)"
)

Statement = tuple[str, list[Any]]

# One lookup for each: the planner would rather read all crates to join a few thousand. In the order
# of their rows, neighbours are found in the same pages.
_CHOSEN = (
    "(SELECT crate_id FROM found ORDER BY crate_id) AS found CROSS JOIN LATERAL "
    "(SELECT * FROM registry_crate WHERE id = crate_id AND hidden_at IS NULL LIMIT 1) AS crate"
)
_CHOSEN_AMONG = (
    "found JOIN registry_crate AS crate ON crate.id = found.crate_id "
    "AND hidden_at IS NULL AND crate.id IN ({among})"
)
# The ids come in one text: a thousand rows cost the client more than the search the database.
_RANKED = """
WITH found AS MATERIALIZED (
    {found} UNION SELECT id FROM registry_crate WHERE canonical_name = %s
), best AS MATERIALIZED (
    SELECT id, canonical_name, recent_downloads, downloads FROM {chosen}
    ORDER BY canonical_name = %s DESC, recent_downloads DESC, downloads DESC, id LIMIT %s
), fitting AS (
    SELECT best.*, document.fit FROM (SELECT * FROM best ORDER BY id) AS best CROSS JOIN LATERAL (
        SELECT {fit} AS fit FROM registry_searchdocument AS document
        WHERE crate_id = best.id LIMIT 1
    ) AS document
)
SELECT string_agg(
    id::text, ' '
    ORDER BY fit, recent_downloads DESC, downloads DESC, canonical_name COLLATE "C"
) FROM fitting
"""


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


def count(words: Sequence[str], tier: int) -> int:
    """How many crates of that tier and those before it have every word somewhere."""
    ids = matching(words, tier)
    return int(_one(f"SELECT count(*) FROM ({ids.sql}) AS found", ids.params))


def ranked(
    wanted: SearchText, *, tier: int | None, among: Statement | None, most: int
) -> list[int]:
    """Ids of the visible crates with every word somewhere, best first: the `most` downloaded
    lately, and the crate of just that name. `among` selects the ids of those that count."""
    ids = matching(wanted.words, tier)
    chosen, of_chosen = _CHOSEN, []
    if among:
        chosen, of_chosen = _CHOSEN_AMONG.format(among=among[0]), among[1]
    fit, of_fit = _fit(wanted)
    text = _one(
        _RANKED.format(found=ids.sql, chosen=chosen, fit=fit),
        [*ids.params, wanted.name, *of_chosen, wanted.name, most, *of_fit],
    )
    return [int(pk) for pk in text.split()] if text else []


def similar(name: str, *, limit: int) -> RawSQL:
    """Ids of the crates whose names share most groups of three letters with this one."""
    pieces = grams(name)
    shared = " + ".join(["(strpos(name, %s) > 0)::int"] * len(pieces))
    return RawSQL(
        "SELECT crate_id FROM registry_searchdocument WHERE name LIKE ANY(%s) "
        f"ORDER BY {shared} DESC, abs(length(name) - %s), crate_id LIMIT %s",
        [[f"%{piece}%" for piece in pieces], *pieces, len(spaced(name)), limit],
    )


def _fit(wanted: SearchText) -> tuple[str, list[str]]:
    """How well a crate fits, best first (see search.Fit); and the parameters."""
    words, name = wanted.words, wanted.name
    in_name = " AND ".join(["document.name LIKE %s"] * len(words))
    in_keywords, keywords = _in_summary(words, KEYWORDS)
    in_description, description = _in_summary(words, DESCRIPTION)
    fit = (
        f"CASE WHEN canonical_name = %s THEN 0 WHEN {in_name} THEN "
        "CASE strpos(canonical_name, %s) WHEN 1 THEN 1 WHEN 0 THEN 3 ELSE 2 END "
        f"WHEN {in_keywords} THEN 4 WHEN {in_description} THEN 5 ELSE 6 END"
    )
    return fit, [name, *map(_like, words), name, *keywords, *description]


def _in_summary(words: Sequence[str], weights: str) -> tuple[str, list[str]]:
    """The condition that each word is in the name or has one of the weights; its parameters."""
    # The query within a query of its own: otherwise it is made anew for each row.
    one = (
        "(document.name LIKE %s OR "
        "document.summary_words @@ (SELECT to_tsquery('registry_search', %s)))"
    )
    parameters = [text for word in words for text in (_like(word), f"{_quoted(word)}:{weights}")]
    return " AND ".join([one] * len(words)), parameters


def _one(statement: str, parameters: Sequence[Any]) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        (value,) = cursor.fetchone()
        return value


def _like(word: str) -> str:
    # Words hold letters and digits alone, so nothing has to be escaped.
    return f"%{part_of_name(word)}%"


def _quoted(word: str) -> str:
    return f"'{word}'"
