"""Search on PostgreSQL: full text by stemmed words, parts of names by trigrams."""

from collections.abc import Sequence

from django.db.models import IntegerField
from django.db.models.expressions import Combinable, RawSQL
from django.db.models.functions import Collate

from registry.formats.search_text import grams, part_of_name, spaced

# Full-text weights: A is the name, B the keywords, C the description.
KEYWORDS, DESCRIPTION = "AB", "ABC"
# To the letter as in the index of the migration search_document.
_ALL_WORDS = (
    "to_tsvector('registry_search'::regconfig, "
    "name || ' ' || keywords || ' ' || description || ' ' || readme)"
)
# By bytes, as SQLite does.
BY_NAME: Combinable = Collate("canonical_name", "C")


def named(words: Sequence[str]) -> RawSQL:
    """Ids of the crates with every word in their name."""
    condition = " AND ".join(["name LIKE %s"] * len(words))
    return RawSQL(
        f"SELECT crate_id FROM registry_searchdocument WHERE {condition}",
        [_like(word) for word in words],
    )


def matching(words: Sequence[str]) -> RawSQL:
    """Ids of the crates with every word somewhere."""
    # Not one condition with OR: rows found by trigrams are looked at once more, and with them
    # all others of the same page, which means to make the words of their readmes again.
    one = (
        "(SELECT crate_id FROM registry_searchdocument WHERE name LIKE %s UNION "
        f"SELECT crate_id FROM registry_searchdocument WHERE {_ALL_WORDS} @@ "
        "to_tsquery('registry_search', %s))"
    )
    parameters = [text for word in words for text in (_like(word), _quoted(word))]
    return RawSQL(" INTERSECT ".join([one] * len(words)), parameters)


def depth(words: Sequence[str]) -> RawSQL:
    """Of a matching crate: 0 if names and keywords suffice, 1 with the description, 2 else."""
    in_keywords, keywords = _in_summary(words, KEYWORDS)
    in_description, description = _in_summary(words, DESCRIPTION)
    return RawSQL(
        f"(SELECT CASE WHEN {in_keywords} THEN 0 WHEN {in_description} THEN 1 ELSE 2 END "
        "FROM registry_searchdocument WHERE crate_id = registry_crate.id)",
        [*keywords, *description],
        output_field=IntegerField(),
    )


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
