"""Rows that belong together, written by one statement where the database knows how."""

import json
from collections.abc import Iterable, Mapping
from functools import cache
from itertools import groupby

from django.db import connection, models

from adapters.compiled import CompiledInsert, CompiledUpdate

Model = type[models.Model]
Names = tuple[str, ...]
KEY_OF_FIRST = "(SELECT key FROM first)"


def save_together(
    first: models.Model,
    *others: models.Model,
    changed: Mapping[models.Model, Names] | None = None,
) -> None:
    """New rows, of which the others may belong to the first, and these fields of rows that exist.

    The first gets its key. Raises what `Model.save` would for any of them.
    """
    if connection.vendor == "postgresql":
        _save_at_once(first, others, changed or {})
        return
    _insert(type(first)).save(first)
    for row in others:
        for column in _columns_of(row, first):
            setattr(row, column, first.pk)
        _insert(type(row)).save(row)
    for row, fields in (changed or {}).items():
        _update(type(row), fields).save(row)


def _save_at_once(
    first: models.Model, others: Iterable[models.Model], changed: Mapping[models.Model, Names]
) -> None:
    # The rows of a table are one value, as each value costs about as much as any other.
    groups, values = [], [_json([_insert(type(first)).record(first)])]
    for (model, columns), rows in groupby(others, lambda row: (type(row), _columns_of(row, first))):
        groups.append((model, columns))
        values.append(_json([_insert(model).record(row) for row in rows]))
    changes = tuple((type(row), fields) for row, fields in changed.items())
    values += [_json(_update(type(row), fields).record(row)) for row, fields in changed.items()]
    with connection.cursor() as cursor:
        cursor.execute(_statement(type(first), tuple(groups), changes), values)
        first.pk = cursor.fetchone()[0]
    first._state.adding, first._state.db = False, connection.alias  # noqa: SLF001


@cache
def _statement(
    first: Model, groups: tuple[tuple[Model, Names], ...], changes: tuple[tuple[Model, Names], ...]
) -> str:
    parts = [
        f"first AS ({_insert(first).of_json()} RETURNING {_insert(first).key} AS key)",
        *(
            f"rows_{number} AS ({_insert(model).of_json(columns, KEY_OF_FIRST)})"
            for number, (model, columns) in enumerate(groups)
        ),
        *(
            f"changed_{number} AS ({_update(model, fields).of_json()})"
            for number, (model, fields) in enumerate(changes)
        ),
    ]
    return f"WITH {', '.join(parts)} {KEY_OF_FIRST}"


def _columns_of(row: models.Model, first: models.Model) -> Names:
    """The columns that are to hold the key of the first row."""
    return tuple(
        field.attname
        for field in _relations(type(row))
        if field.is_cached(row) and field.get_cached_value(row) is first
    )


@cache
def _relations(model: Model) -> "list[models.ForeignKey[models.Model]]":
    return [field for field in model._meta.concrete_fields if isinstance(field, models.ForeignKey)]


@cache
def _insert(model: Model) -> "CompiledInsert[models.Model]":
    return CompiledInsert(model)


@cache
def _update(model: Model, fields: Names) -> "CompiledUpdate[models.Model]":
    return CompiledUpdate(model, *fields)


def _plain(value: object) -> object:
    """What the database's driver takes: wrapped JSON, or something whose text PostgreSQL reads."""
    return value.obj if hasattr(value, "obj") else str(value)


_json = json.JSONEncoder(default=_plain).encode
