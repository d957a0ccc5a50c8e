"""Whole index files, which the database puts together of the stored lines."""

from collections import defaultdict
from collections.abc import Mapping

from django.db import connection

# Of PostgreSQL a row for each crate comes, which is a tenth of the work. SQLite joins texts in no
# order that it would promise (before 3.44), and its rows cost nothing to send.
_POSTGRESQL = """
    SELECT crate_id, string_agg(index_line, E'\\n' ORDER BY id) || E'\\n' FROM registry_version
    WHERE crate_id BETWEEN %s AND %s AND hidden_at IS NULL GROUP BY crate_id
"""
_SQLITE = """
    SELECT crate_id, index_line || char(10) FROM registry_version
    WHERE crate_id BETWEEN %s AND %s AND hidden_at IS NULL ORDER BY crate_id, id
"""


def index_texts(names: Mapping[int, str]) -> dict[str, str]:
    """Name -> file, of crates whose keys follow one another; empty without a visible version.

    A line for each version in the order of publication. All are in memory at once.
    """
    if not names:
        return {}
    lines: defaultdict[int, list[str]] = defaultdict(list)
    with connection.cursor() as cursor:
        statement = _POSTGRESQL if connection.vendor == "postgresql" else _SQLITE
        cursor.execute(statement, [min(names), max(names)])
        for crate, text in cursor:
            lines[crate].append(text)
    return {name: "".join(lines[crate]) for crate, name in names.items()}
