"""Whether what was rendered of a crate still holds, asked in one narrow query (decision 0031).

Whoever changes a version saves its crate under lock in the same transaction. On PostgreSQL each
save gives the row another `xmin`; on SQLite the outbox of the index says that something changed.
"""

import json
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from django.db import connection

from accounts.models import User
from registry.formats.names import InvalidCrateName, canonical, check_crate_name
from registry.models import Category, Crate, Keyword

Facts = tuple[Any, ...]

# The row and what tells of its change, as one text: nobody has to take it apart.
_ROW = {
    "postgresql": "registry_crate::text || ' ' || xmin::text",
    "sqlite": (
        "json_array({columns}, "
        "(SELECT seq FROM sqlite_sequence WHERE name = 'registry_indexchange'))"
    ),
}
_STATEMENT = """
    SELECT name, hidden_at IS NOT NULL, {row}, (SELECT {listed} FROM ({around}) AS around)
    FROM registry_crate WHERE canonical_name = %s
"""
_LISTED = {
    "postgresql": "json_agg(json_build_array(kind, name, number))::text",
    "sqlite": "json_group_array(json_array(kind, name, number))",
}
# What else stands in the JSON of a crate, and is changed where nobody holds the crate.
_AROUND = """
    SELECT 'keyword' AS kind, k.keyword AS name, k.crates_cnt AS number FROM registry_keyword k
    JOIN registry_keyword_crates c ON c.keyword_id = k.id WHERE c.crate_id = registry_crate.id
    UNION ALL
    SELECT 'category', k.slug, k.crates_cnt FROM registry_category k
    JOIN registry_category_crates c ON c.category_id = k.id WHERE c.crate_id = registry_crate.id
"""
_PEOPLE = """
    UNION ALL SELECT login, name || ' ' || avatar_url, COALESCE(github_id, 0)
    FROM accounts_user WHERE id IN ({people})
"""


class CrateFacts(NamedTuple):
    """The crate's row as it is, and what is around it in the form of `known_around`."""

    row: str
    around: Facts


def crate_facts(name: str, people: Sequence[int]) -> CrateFacts | None:
    """With what these people say, by their keys. None without a crate that may be seen."""
    try:
        check_crate_name(name)
    except InvalidCrateName:
        return None
    with connection.cursor() as cursor:
        cursor.execute(_statement(connection.vendor, len(people)), [*people, canonical(name)])
        found = cursor.fetchone()
    if found is None:
        return None
    spelled, is_hidden, row, around = found
    if is_hidden or spelled != name:
        return None
    return CrateFacts(row, _sorted(around or "[]"))


# It is the same text each time until something changes.
@lru_cache(maxsize=1024)
def _sorted(around: str) -> Facts:
    return tuple(sorted(map(tuple, json.loads(around))))


@lru_cache(maxsize=256)
def _statement(vendor: str, people: int) -> str:
    around = _AROUND
    if people:
        around += _PEOPLE.format(people=", ".join(["%s"] * people))
    row = _ROW[vendor].format(columns=", ".join(_COLUMNS))
    return _STATEMENT.format(row=row, listed=_LISTED[vendor], around=around)


_COLUMNS = [str(field.column) for field in Crate._meta.concrete_fields]


def known_around(
    keywords: Iterable[Keyword], categories: Iterable[Category], people: Iterable[User]
) -> Facts:
    """The same of rows that were loaded, so that what is rendered of them is known to be theirs."""
    found = [("keyword", row.keyword, row.crates_cnt) for row in keywords]
    found += [("category", row.slug, row.crates_cnt) for row in categories]
    found += [(p.login, f"{p.name} {p.avatar_url}", p.github_id or 0) for p in people]
    return tuple(sorted(found))
