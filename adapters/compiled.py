"""Statements that Django writes once and the database runs often, with other values each time.

Of a hot query with several joins, nine tenths of the cost are in writing its SQL anew.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from functools import cache
from itertools import chain
from typing import Any, Generic, TypeVar

from django.db import DEFAULT_DB_ALIAS, connection, connections, models
from django.db.models.expressions import DatabaseDefault
from django.db.models.query import get_related_populators
from django.db.models.sql.compiler import SQLCompiler

T = TypeVar("T", bound=models.Model)
_Kind = type[str] | type[int] | type[datetime]
# Values that nobody else has, by which the places of the real ones are found.
_TEXT = "value of {}, put here by adapters.compiled"
_NUMBER = 900_000_000
_MOMENT = datetime(1901, 2, 3, tzinfo=UTC)


class CompiledQuery(Generic[T]):
    """`build` makes the query set from values by name; their types are those of `types`.

    What it says besides them must never change: it is asked for once in a process.
    """

    def __init__(
        self,
        build: Callable[..., models.QuerySet[T, Any]],
        **types: type[str] | type[int] | type[datetime],
    ) -> None:
        self._build = build
        self._types = types
        self._compiled: dict[str, _Compiled[T]] = {}

    def rows(self, **values: Any) -> list[T]:
        """As the query set itself would answer, related rows and annotations included."""
        return list(self._of_this_database().rows(values))

    def first(self, **values: Any) -> T | None:
        """None without any; the query set itself says where more than one row would fit."""
        return next(self._of_this_database().rows(values), None)

    def tuples(self, **values: Any) -> list[tuple[Any, ...]]:
        """What a query set of `values_list` answers."""
        return list(self._of_this_database().tuples(values))

    def _of_this_database(self) -> "_Compiled[T]":
        compiled = self._compiled.get(connection.vendor)
        if compiled is None:
            marks = {
                name: _mark(name, number, kind)
                for number, (name, kind) in enumerate(self._types.items())
            }
            compiled = _Compiled(self._build(**marks), marks)
            self._compiled[connection.vendor] = compiled
        return compiled


class CompiledInsert(Generic[T]):
    """New rows of one model, written as `Model.save` would; no signal is sent.

    What the database computes is not read back.
    """

    def __init__(self, model: type[T]) -> None:
        meta = model._meta
        self._fields = [
            field
            for field in meta.concrete_fields
            if field is not meta.auto_field and not field.generated
        ]
        # Both databases quote names alike.
        columns = ", ".join(f'"{field.column}"' for field in self._fields)
        places = ", ".join(["%s"] * len(self._fields))
        self.sql = f'INSERT INTO "{meta.db_table}" ({columns}) VALUES ({places})'  # noqa: S608
        self._key = f'"{meta.pk.column}"'

    def save(self, row: T) -> T:
        """The row, with its key; raises what `Model.save` would."""
        with connection.cursor() as cursor:
            cursor.execute(f"{self.sql} RETURNING {self._key}", self.values(row))
            row.pk = cursor.fetchone()[0]
        row._state.adding, row._state.db = False, connection.alias  # noqa: SLF001
        return row

    def values(self, row: T) -> list[Any]:
        return _stored(row, self._fields, is_new=True)


def save_together(*rows: models.Model) -> None:
    """New rows, none of which needs the key of another; they get none. One statement, where it can.

    Raises what `Model.save` would for any of them.
    """
    if connection.vendor != "postgresql":
        for row in rows:
            _insert_of(type(row)).save(row)
        return
    inserts = [_insert_of(type(row)) for row in rows]
    *parts, last = [insert.sql for insert in inserts]
    named = ", ".join(f"part_{number} AS ({sql})" for number, sql in enumerate(parts))
    values = chain.from_iterable(i.values(row) for i, row in zip(inserts, rows, strict=True))
    with connection.cursor() as cursor:
        cursor.execute(f"WITH {named} {last}" if parts else last, list(values))


class CompiledUpdate(Generic[T]):
    """These fields of rows that are there, written as `Model.save` would; no signal is sent."""

    def __init__(self, model: type[T], *fields: str) -> None:
        meta = model._meta
        self._fields = [field for field in meta.concrete_fields if field.name in fields]
        columns = ", ".join(f'"{field.column}" = %s' for field in self._fields)
        self._sql = f'UPDATE "{meta.db_table}" SET {columns} WHERE "{meta.pk.column}" = %s'  # noqa: S608

    def save(self, row: T) -> None:
        with connection.cursor() as cursor:
            cursor.execute(self._sql, [*_stored(row, self._fields, is_new=False), row.pk])


class _Compiled(Generic[T]):
    def __init__(self, query_set: models.QuerySet[T, Any], marks: Mapping[str, Any]) -> None:
        self._compiler: SQLCompiler = query_set.query.get_compiler(using=connection.alias)
        self._sql, params = self._compiler.as_sql()
        places = {_adapted(mark): name for name, mark in marks.items()}
        self._params = [
            (places.get(param) if isinstance(param, str | int | datetime) else None, param)
            for param in params
        ]
        if missing := set(marks) - {name for name, _ in self._params}:
            raise ValueError(f"the query does not use {min(missing)}")
        select = self._compiler.select
        assert select
        columns = [column for column, *_ in select[: self._compiler.col_count]]
        self._converters = self._compiler.get_converters(columns)
        klass = self._compiler.klass_info
        if klass is None:
            # Of `values_list`: there are tuples, and no models.
            return
        # As django.db.models.query.ModelIterable takes rows apart.
        self._model: type[T] = klass["model"]
        self._own = slice(klass["select_fields"][0], klass["select_fields"][-1] + 1)
        self._names = [column.target.attname for column, *_ in select[self._own]]
        # The stubs are those of a later Django, which passes more.
        self._related = get_related_populators(klass, select, connection.alias)  # type: ignore[call-arg]

    def rows(self, values: Mapping[str, Any]) -> Iterator[T]:
        for row in self.tuples(values):
            instance = self._model.from_db(connection.alias, self._names, row[self._own])
            for related in self._related:
                related.populate(row, instance)
            for name, place in self._compiler.annotation_col_map.items():
                setattr(instance, name, row[place])
            yield instance

    def tuples(self, values: Mapping[str, Any]) -> Iterator[tuple[Any, ...]]:
        # Not by django.db.connection, which is looked up anew for each of its attributes.
        connection = connections[DEFAULT_DB_ALIAS]
        adapted = {name: _adapted(value) for name, value in values.items()}
        params = [
            param if name is None else _like(param, adapted[name]) for name, param in self._params
        ]
        with connection.cursor() as cursor:
            cursor.execute(self._sql, params)
            found = cursor.fetchall()
        if not self._converters:
            return iter(found)
        return map(tuple, self._compiler.apply_converters(found, self._converters))


@cache
def _insert_of(model: type[models.Model]) -> CompiledInsert[Any]:
    return CompiledInsert(model)


def _mark(name: str, number: int, kind: _Kind) -> Any:
    if kind is str:
        return _TEXT.format(name)
    return _NUMBER + number if kind is int else _MOMENT.replace(hour=number)


def _adapted(value: Any) -> Any:
    """As the database's driver takes it."""
    if isinstance(value, datetime):
        return connection.ops.adapt_datetimefield_value(value)
    return value


def _like(param: object, value: Any) -> Any:
    """PostgreSQL's numbers come in a type that says how large they are."""
    return type(param)(value) if isinstance(param, int) else value


def _stored(
    row: models.Model, fields: Iterable["models.Field[Any, Any]"], *, is_new: bool
) -> list[Any]:
    """As the database's driver takes them."""
    connection = connections[DEFAULT_DB_ALIAS]
    stored = []
    for field in fields:
        value = field.pre_save(row, is_new)
        if isinstance(value, DatabaseDefault):
            value = field.db_default
        stored.append(field.get_db_prep_save(value, connection=connection))
    return stored
