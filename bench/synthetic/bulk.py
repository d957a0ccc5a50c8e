"""Loads rows in bulk: COPY on PostgreSQL, executemany on SQLite, without indexes meanwhile."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from django.core.management.color import no_style
from django.db import models, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.expressions import DatabaseDefault

Row = tuple[Any, ...]
Add = Callable[["Table", Sequence[Row]], None]

# What no text contains: between cells, after a row, and instead of NULL. They are exchanged for
# COPY's own marks in a text of many rows at once, once those are written as it wants them.
_CELL, _ROW, _NULL = "\x1f", "\x1e", "\x1d"
_AS_COPY_WANTS = (("\\", r"\\"), ("\n", r"\n"), ("\r", r"\r"), ("\t", r"\t"))
_MARKS = ((_CELL, "\t"), (_ROW, "\n"), (_NULL, r"\N"))
ROWS_AT_ONCE = 5_000

_CONSTRAINTS = """
SELECT conrelid::regclass::text, quote_ident(conname), pg_get_constraintdef(oid)
FROM pg_constraint WHERE conrelid = ANY(%s::regclass[]) AND contype IN ('f', 'u')
ORDER BY contype DESC, conname
"""
_INDEXES = """
SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index
WHERE indrelid = ANY(%s::regclass[])
AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid)
"""
# Triggers that fill the full-text index row by row; it is rebuilt as a whole instead.
_SQLITE_PARTS = "SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL AND tbl_name = %s"


class Table:
    """A model, and the fields that rows give; the others get their defaults.

    Values are as the database driver takes them: text for JSON and times.
    """

    def __init__(self, model: type[models.Model], fields: str) -> None:
        self.model = model
        self.name = model._meta.db_table
        self.given = [model._meta.get_field(name) for name in fields.split()]

    def defaults(self, connection: BaseDatabaseWrapper) -> dict[str, Any]:
        values = {}
        for field in self.model._meta.concrete_fields:
            if field in self.given or isinstance(field, models.AutoField) or field.generated:
                continue
            value = field.get_default()
            # What the database fills in by itself is left to it.
            if not isinstance(value, DatabaseDefault):
                values[field.column] = field.get_db_prep_save(value, connection)
        return values


@contextmanager
def bulk_load(connection: BaseDatabaseWrapper, tables: Sequence[Table]) -> Iterator[Add]:
    """All or nothing; afterwards indexes and constraints are as before, and hold."""
    on_sqlite = connection.vendor == "sqlite"
    is_alone = not connection.in_atomic_block
    add = _sqlite_add(connection) if on_sqlite else _copy(connection)
    if on_sqlite and is_alone:
        _hurry(connection)
    try:
        with connection.constraint_checks_disabled(), transaction.atomic(using=connection.alias):
            back = (_strip_sqlite if on_sqlite else _strip_postgresql)(connection, tables)
            yield add
            with connection.cursor() as cursor:
                for statement in back:
                    cursor.execute(statement)
                for statement in connection.ops.sequence_reset_sql(
                    no_style(), [table.model for table in tables]
                ):
                    cursor.execute(statement)
            if on_sqlite:
                connection.check_constraints([table.name for table in tables])
    finally:
        if on_sqlite and is_alone:
            # The next connection has the settings of every other.
            connection.close()
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def _sqlite_add(connection: BaseDatabaseWrapper) -> Add:
    def add(table: Table, rows: Sequence[Row]) -> None:
        statement, rest = _columns(connection, table)
        values = ", ".join([*("?" * len(table.given)), *_written(connection, "quote(%s)", rest)])
        # Past Django's cursor, which would rewrite the statement for each of its own placeholders.
        connection.connection.executemany(f"INSERT INTO {statement} VALUES ({values})", rows)

    return add


def _copy(connection: BaseDatabaseWrapper) -> Add:
    def add(table: Table, rows: Sequence[Row]) -> None:
        statement, rest = _columns(connection, table)
        end = "".join(_CELL + cell for cell in _cells(_written(connection, "%s::text", rest)))
        with (
            connection.cursor() as cursor,
            cursor.connection.cursor().copy(f"COPY {statement} FROM STDIN") as copy,
        ):
            for start in range(0, len(rows), ROWS_AT_ONCE):
                some = rows[start : start + ROWS_AT_ONCE]
                text = "".join([_CELL.join(_cells(row)) + end + _ROW for row in some])
                for mark, written in (*_AS_COPY_WANTS, *_MARKS):
                    text = text.replace(mark, written)
                copy.write(text)

    return add


def _written(connection: BaseDatabaseWrapper, how: str, values: Row) -> list[Any]:
    """Each value as the database itself writes it."""
    with connection.cursor() as cursor:
        found = []
        for value in values:
            cursor.execute(f"SELECT {how}", [value])
            found.append(cursor.fetchone()[0])
    return found


def _cells(row: Sequence[Any]) -> list[str]:
    return [_NULL if value is None else str(value) for value in row]


def _columns(connection: BaseDatabaseWrapper, table: Table) -> tuple[str, Row]:
    """`table (columns)`, and the values of those that are the same in every row."""
    rest = table.defaults(connection)
    quote = connection.ops.quote_name
    names = [field.column for field in table.given] + list(rest)
    return f"{quote(table.name)} ({', '.join(map(quote, names))})", tuple(rest.values())


def _hurry(connection: BaseDatabaseWrapper) -> None:
    with connection.cursor() as cursor:
        for pragma in ("journal_mode = MEMORY", "synchronous = OFF", "cache_size = -400000"):
            cursor.execute(f"PRAGMA {pragma}")


def _strip_sqlite(connection: BaseDatabaseWrapper, tables: Sequence[Table]) -> list[str]:
    """Drops indexes and triggers; answers what makes them again."""
    back: list[str] = []
    with connection.cursor() as cursor:
        for table in tables:
            cursor.execute(_SQLITE_PARTS, [table.name])
            for kind, name, sql in cursor.fetchall():
                if kind in ("index", "trigger"):
                    cursor.execute(f'DROP {kind} "{name}"')
                    back.append(sql)
    full_text = ("registry_search_words", "registry_search_names")
    return back + [f"INSERT INTO {name}({name}) VALUES ('rebuild')" for name in full_text]


def _strip_postgresql(connection: BaseDatabaseWrapper, tables: Sequence[Table]) -> list[str]:
    """Drops indexes, foreign keys and unique constraints; answers what makes them again."""
    names = [table.name for table in tables]
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL maintenance_work_mem = '256MB'")
        cursor.execute(_CONSTRAINTS, [names])
        constraints = cursor.fetchall()
        # Foreign keys last, which look into the finished indexes of others.
        back = [f"ALTER TABLE {on} ADD CONSTRAINT {name} {sql}" for on, name, sql in constraints]
        for on, name, _ in reversed(constraints):
            cursor.execute(f"ALTER TABLE {on} DROP CONSTRAINT {name}")
        cursor.execute(_INDEXES, [names])
        indexes = cursor.fetchall()
        for name, _ in indexes:
            cursor.execute(f"DROP INDEX {name}")
    return [sql for _, sql in indexes] + back
