"""The database of a test process: a copy of the prepared one, which tests may commit to.

Migrating takes longer than most tests, and so does what Django does after a test that commits:
it empties each table, and puts the rows of the migrations back one by one.
"""

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg
from django.conf import settings
from django.db import connection
from psycopg import sql

from tests.prepared import FILE, Prepared

# The log may only be added to, by triggers that belong to its owner.
KEPT = sql.Identifier("accounts_auditevent")
ALL_TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename"
MIGRATIONS = "django_migrations"

Restore = Callable[[], None]


@contextmanager
def own_database(prepared: Prepared) -> Iterator[Restore]:
    """Django's connections lead to a copy of it until the end.

    Gives the function that takes back all that was committed.
    """
    if prepared.database is None:
        # Forks share the settings, and so the folder.
        name = f"{settings.DATABASES['default']['TEST']['NAME']}-{os.getpid()}"
        with _connections_to(name):
            restore = _file(prepared.folder / FILE)
            restore()
            yield restore
    else:
        with prepared.database_copy() as url, _connections_to(url.rpartition("/")[2]):
            yield _rows(url)


@contextmanager
def _connections_to(name: str) -> Iterator[None]:
    before = connection.settings_dict["NAME"]
    connection.close()
    connection.settings_dict["NAME"] = settings.DATABASES["default"]["NAME"] = name
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict["NAME"] = settings.DATABASES["default"]["NAME"] = before


def _file(prepared: Path) -> Restore:
    def restore() -> None:
        """Page by page in a transaction, so whoever has the file open sees it change."""
        connection.ensure_connection()
        with closing(sqlite3.connect(f"file:{prepared}?immutable=1", uri=True)) as source:
            source.backup(connection.connection)

    return restore


def _rows(url: str) -> Restore:
    """Deletes and inserts, at a tenth of what truncating 70 tables or a new copy would cost."""
    address = url.replace("postgres:", "postgresql:", 1)
    with psycopg.connect(address) as kept:
        names = [name for (name,) in kept.execute(ALL_TABLES) if name != MIGRATIONS]
        held = {name: _copied_out(kept, name) for name in names}
    filled = {name: rows for name, rows in held.items() if rows.count(b"\n")}
    # Foreign keys are looked at when the transaction ends.
    empty = sql.SQL("; ").join(sql.SQL("DELETE FROM {}").format(sql.Identifier(n)) for n in names)
    trigger = sql.SQL("ALTER TABLE {} {} TRIGGER USER")

    def restore() -> None:
        with psycopg.connect(address) as found:
            found.execute(trigger.format(KEPT, sql.SQL("DISABLE")))
            found.execute(empty)
            found.execute(trigger.format(KEPT, sql.SQL("ENABLE")))
            for name, rows in filled.items():
                into = sql.SQL("COPY {} FROM STDIN").format(sql.Identifier(name))
                with found.cursor() as cursor, cursor.copy(into) as copy:
                    copy.write(rows)

    return restore


def _copied_out(kept: psycopg.Connection, name: str) -> bytes:
    out = sql.SQL("COPY {} TO STDOUT").format(sql.Identifier(name))
    with kept.cursor() as cursor, cursor.copy(out) as copy:
        return b"".join(bytes(part) for part in copy)
