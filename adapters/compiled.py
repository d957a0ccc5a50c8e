"""Statements that Django writes once and the database runs often, with other values each time.

Of a hot query with several joins, nine tenths of the cost are in writing its SQL anew.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any, Generic, NamedTuple, Self, TypeVar

from django.db import DEFAULT_DB_ALIAS, connection, connections, models
from django.db.models.expressions import DatabaseDefault
from django.db.models.sql.compiler import SQLCompiler

from adapters.instances import Instances

T = TypeVar("T", bound=models.Model)
_Kind = type[str] | type[int] | type[datetime]
# Values that nobody else has, by which the places of the real ones are found.
_TEXT = "value of {}, put here by adapters.compiled"
_NUMBER = 900_000_000
_MOMENT = datetime(1901, 2, 3, tzinfo=UTC)
# Which of their values drivers take as they are.
_PLAIN = (
    ((models.CharField, models.TextField), str),
    ((models.IntegerField, models.ForeignKey), int),
    (models.BooleanField, bool),
)


# One way to the database and back, and a row also where the query finds none.
BESIDE = """
    WITH beside AS ({statement})
    SELECT done.rows, found.*
    FROM (SELECT json_agg(beside) AS rows FROM beside) AS done LEFT JOIN ({query}) AS found ON TRUE
"""


class Statement(NamedTuple):
    """One that returns rows."""

    sql: str
    params: Sequence[Any]


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

    def rows_beside(
        self, statement: Statement, **values: Any
    ) -> tuple[list[dict[str, Any]], list[T]]:
        """Also the rows of a statement that writes, run along with the query; on PostgreSQL.

        The query does not see what it writes.
        """
        return self._of_this_database().rows_beside(statement, values)

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


class _Stored(NamedTuple):
    """A field, its column, and the type of those values that drivers take as they are."""

    field: "models.Field[Any, Any]"
    column: str
    plain: type | None

    @classmethod
    def of(cls, field: "models.Field[Any, Any]") -> Self:
        plain = next((kind for kinds, kind in _PLAIN if isinstance(field, kinds)), None)
        return cls(field, str(field.column), plain)


class CompiledInsert(Generic[T]):
    """New rows of one model, written as `Model.save` would; no signal is sent.

    What the database computes is not read back.
    """

    def __init__(self, model: type[T]) -> None:
        meta = model._meta
        self._fields = [
            _Stored.of(field)
            for field in meta.concrete_fields
            if field is not meta.auto_field and not field.generated
        ]
        # Both databases quote names alike.
        self._columns = [f'"{stored.column}"' for stored in self._fields]
        self._into = f'INSERT INTO "{meta.db_table}" ({", ".join(self._columns)})'
        self._table = f'"{meta.db_table}"'
        self.key = f'"{meta.pk.column}"'
        places = ", ".join(["%s"] * len(self._fields))
        self._sql = f"{self._into} VALUES ({places}) RETURNING {self.key}"

    def of_json(self, columns: Iterable[str] = (), value: str = "") -> str:
        """PostgreSQL for many rows, a JSON list of records; in `columns` each has that value."""
        given = {f'"{column}"': value for column in columns}
        values = ", ".join(given.get(column, column) for column in self._columns)
        read = f"json_populate_recordset(NULL::{self._table}, %s::json)"
        return f"{self._into} SELECT {values} FROM {read}"  # noqa: S608

    def save(self, row: T) -> T:
        """The row, with its key; raises what `Model.save` would."""
        with connection.cursor() as cursor:
            cursor.execute(self._sql, _stored(row, self._fields, is_new=True))
            row.pk = cursor.fetchone()[0]
        row._state.adding, row._state.db = False, connection.alias  # noqa: SLF001
        return row

    def record(self, row: T) -> dict[str, Any]:
        """Its values by column, as the database's driver takes them."""
        return _record(row, self._fields, is_new=True)


class CompiledUpdate(Generic[T]):
    """These fields of rows that are there, written as `Model.save` would; no signal is sent."""

    def __init__(self, model: type[T], *fields: str) -> None:
        meta = model._meta
        self._fields = [_Stored.of(f) for f in meta.concrete_fields if f.name in fields]
        self._table, self._key = f'"{meta.db_table}"', str(meta.pk.column)
        columns = ", ".join(f'"{stored.column}" = %s' for stored in self._fields)
        self._sql = f'UPDATE {self._table} SET {columns} WHERE "{self._key}" = %s'  # noqa: S608

    def save(self, row: T) -> None:
        with connection.cursor() as cursor:
            cursor.execute(self._sql, [*_stored(row, self._fields, is_new=False), row.pk])

    def of_json(self) -> str:
        """PostgreSQL for one row, a record in JSON: it would expect a hundred in a list."""
        columns = ", ".join(f'"{s.column}" = found."{s.column}"' for s in self._fields)
        return (
            f"UPDATE {self._table} AS old SET {columns} "  # noqa: S608
            f"FROM json_populate_record(NULL::{self._table}, %s::json) AS found "
            f'WHERE old."{self._key}" = found."{self._key}"'
        )

    def record(self, row: T) -> dict[str, Any]:
        """Its key and these values by column, as the database's driver takes them."""
        return {self._key: row.pk, **_record(row, self._fields, is_new=False)}


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
        plan = self._compiler.klass_info
        # With `values_list` there are tuples, and no models.
        has_models = plan is not None and query_set.query.default_cols
        self._instances = Instances[T](plan, select, connection.alias) if has_models else None
        self._annotations = tuple(self._compiler.annotation_col_map.items())

    def rows(self, values: Mapping[str, Any]) -> Iterator[T]:
        return self._rows_of(self.tuples(values))

    def rows_beside(
        self, statement: Statement, values: Mapping[str, Any]
    ) -> tuple[list[dict[str, Any]], list[T]]:
        found = _fetched(
            _beside(statement.sql, self._sql), [*statement.params, *self._filled_in(values)]
        )
        return found[0][0], list(self._rows_of(self._converted([row[1:] for row in found])))

    def _rows_of(self, found: Iterable[Sequence[Any]]) -> Iterator[T]:
        assert self._instances, "a query set of `values_list` has tuples"
        for row in found:
            instance = self._instances.of(row)
            if instance is None:
                continue
            for name, place in self._annotations:
                setattr(instance, name, row[place])
            yield instance

    def tuples(self, values: Mapping[str, Any]) -> Iterator[tuple[Any, ...]]:
        return map(tuple, self._converted(_fetched(self._sql, self._filled_in(values))))

    def _filled_in(self, values: Mapping[str, Any]) -> list[Any]:
        adapted = {name: _adapted(value) for name, value in values.items()}
        return [
            param if name is None else _like(param, adapted[name]) for name, param in self._params
        ]

    def _converted(self, found: Iterable[Sequence[Any]]) -> Iterable[Sequence[Any]]:
        if not self._converters:
            return found
        return self._compiler.apply_converters(found, self._converters)


def _fetched(sql: str, params: Sequence[Any]) -> list[tuple[Any, ...]]:
    # Not by django.db.connection, which is looked up anew for each of its attributes.
    with connections[DEFAULT_DB_ALIAS].cursor() as cursor:
        cursor.execute(sql, params)
        found: list[tuple[Any, ...]] = cursor.fetchall()
        return found


@cache
def _beside(statement: str, query: str) -> str:
    return BESIDE.format(statement=statement, query=query)


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


def _record(row: models.Model, fields: Sequence[_Stored], *, is_new: bool) -> dict[str, Any]:
    values = _stored(row, fields, is_new=is_new)
    return {stored.column: value for stored, value in zip(fields, values, strict=True)}


def _stored(row: models.Model, fields: Iterable[_Stored], *, is_new: bool) -> list[Any]:
    """As the database's driver takes them."""
    connection = connections[DEFAULT_DB_ALIAS]
    values = []
    for field, _, plain in fields:
        value = field.pre_save(row, is_new)
        if isinstance(value, DatabaseDefault):
            value = field.db_default
        if value is not None and type(value) is not plain:
            value = field.get_db_prep_save(value, connection=connection)
        values.append(value)
    return values
