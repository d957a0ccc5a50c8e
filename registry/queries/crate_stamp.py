"""Whether what was rendered of a crate still holds, asked in two narrow queries (decision 0031).

Whoever changes a version saves its crate under lock in the same transaction. On PostgreSQL each
save gives the row another `xmin`; on SQLite the outbox of the index says that something changed.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from django.db import connection

from accounts.models import User
from registry.formats.names import InvalidCrateName, canonical, check_crate_name
from registry.models import Category, Crate, Keyword

Facts = tuple[Any, ...]

_OF_ROW = "SELECT {columns}, {change} FROM registry_crate WHERE canonical_name = %s"
_XMIN = "xmin::text"
_OUTBOX = "(SELECT seq FROM sqlite_sequence WHERE name = 'registry_indexchange')"
# What else stands in the JSON of a crate, and is changed where nobody holds the crate.
_TOPICS = """
    SELECT 'keyword', k.keyword, k.crates_cnt FROM registry_keyword k
    JOIN registry_keyword_crates c ON c.keyword_id = k.id WHERE c.crate_id = %s
    UNION ALL
    SELECT 'category', k.slug, k.crates_cnt FROM registry_category k
    JOIN registry_category_crates c ON c.category_id = k.id WHERE c.crate_id = %s
"""
_PEOPLE = """
    SELECT login, name || ' ' || avatar_url, COALESCE(github_id, 0)
    FROM accounts_user WHERE id IN ({people})
"""


def row_facts(name: str) -> Facts | None:
    """The crate's row as it is; its key comes first. None without a crate that may be seen."""
    try:
        check_crate_name(name)
    except InvalidCrateName:
        return None
    columns = [str(field.column) for field in Crate._meta.concrete_fields]
    change = _XMIN if connection.vendor == "postgresql" else _OUTBOX
    statement = _OF_ROW.format(columns=", ".join(columns), change=change)
    with connection.cursor() as cursor:
        cursor.execute(statement, [canonical(name)])
        row = cursor.fetchone()
    is_seen = row is not None and row[columns.index("hidden_at")] is None
    is_so_spelled = row is not None and row[columns.index("name")] == name
    return tuple(map(str, row)) if is_seen and is_so_spelled else None


def facts_around(crate: int, people: Sequence[int], *, topics: bool) -> Facts:
    """What these people say now, and its keywords and categories, in the form of `known_around`."""
    statements, parameters = [], []
    if topics:
        statements.append(_TOPICS)
        parameters += [crate, crate]
    if people:
        statements.append(_PEOPLE.format(people=", ".join(["%s"] * len(people))))
        parameters += people
    if not statements:
        return ()
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(statements), parameters)
        return tuple(sorted(tuple(row) for row in cursor.fetchall()))


def known_around(
    keywords: Iterable[Keyword], categories: Iterable[Category], people: Iterable[User]
) -> Facts:
    """The same of rows that were loaded, so that what is rendered of them is known to be theirs."""
    found = [("keyword", row.keyword, row.crates_cnt) for row in keywords]
    found += [("category", row.slug, row.crates_cnt) for row in categories]
    found += [(p.login, f"{p.name} {p.avatar_url}", p.github_id or 0) for p in people]
    return tuple(sorted(found))
