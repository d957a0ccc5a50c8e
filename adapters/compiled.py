"""A query that Django writes once and the database answers often, with other values each time.

Of a hot query with several joins, nine tenths of the cost are in writing its SQL anew.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

from django.db import connection, models
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
        build: Callable[..., models.QuerySet[T]],
        **types: type[str] | type[int] | type[datetime],
    ) -> None:
        self._build = build
        self._types = types
        self._compiled: dict[str, _Compiled[T]] = {}

    def rows(self, **values: Any) -> list[T]:
        """As the query set itself would answer, related rows and annotations included."""
        compiled = self._compiled.get(connection.vendor)
        if compiled is None:
            marks = {
                name: _mark(name, number, kind)
                for number, (name, kind) in enumerate(self._types.items())
            }
            compiled = _Compiled(self._build(**marks), marks)
            self._compiled[connection.vendor] = compiled
        return list(compiled.rows(values))


class _Compiled(Generic[T]):
    def __init__(self, query_set: models.QuerySet[T], marks: Mapping[str, Any]) -> None:
        self._compiler: SQLCompiler = query_set.query.get_compiler(using=connection.alias)
        self._sql, params = self._compiler.as_sql()
        places = {_adapted(mark): name for name, mark in marks.items()}
        self._params = [
            (places.get(param) if isinstance(param, str | int | datetime) else None, param)
            for param in params
        ]
        if missing := set(marks) - {name for name, _ in self._params}:
            raise ValueError(f"the query does not use {min(missing)}")
        # As django.db.models.query.ModelIterable takes rows apart.
        klass, select = self._compiler.klass_info, self._compiler.select
        assert klass
        assert select
        self._model: type[T] = klass["model"]
        self._own = slice(klass["select_fields"][0], klass["select_fields"][-1] + 1)
        self._names = [column.target.attname for column, *_ in select[self._own]]
        # The stubs are those of a later Django, which passes more.
        self._related = get_related_populators(klass, select, connection.alias)  # type: ignore[call-arg]

    def rows(self, values: Mapping[str, Any]) -> Iterator[T]:
        adapted = {name: _adapted(value) for name, value in values.items()}
        params = [
            param if name is None else _like(param, adapted[name]) for name, param in self._params
        ]
        with connection.cursor() as cursor:
            cursor.execute(self._sql, params)
            found = cursor.fetchall()
        for row in self._compiler.results_iter(results=[found]):
            instance = self._model.from_db(connection.alias, self._names, row[self._own])
            for related in self._related:
                related.populate(row, instance)
            for name, place in self._compiler.annotation_col_map.items():
                setattr(instance, name, row[place])
            yield instance


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
