"""A new row inside of a larger statement of PostgreSQL; what is not given is as its model says."""

import json
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from django.db import models

# By attribute: `issuer_id`, and not `issuer`.
Columns = Mapping[str, Any]


class NewRow:
    """What stands in `INSERT INTO ... ({names}) SELECT {places}` where these columns are `given`.

    Only they are sent: the others are part of the text, and do not come anew with every row. `but`
    is a column that the statement computes. An instance of the model would cost as much as
    sending it.
    """

    def __init__(self, model: type[models.Model], given: Collection[str], but: str = "") -> None:
        fields = [
            field
            for field in model._meta.concrete_fields
            if not field.primary_key and field.attname != but
        ]
        if unknown := set(given) - {field.attname for field in fields}:
            raise TypeError(f"{model.__name__} has no column {min(unknown)}")
        self.names = ", ".join(str(field.column) for field in fields)
        self.places = ", ".join("%s" if f.attname in given else _default(f) for f in fields)
        self._given = [
            (field.attname, isinstance(field, models.JSONField))
            for field in fields
            if field.attname in given
        ]

    def params(self, columns: Columns) -> Iterator[Any]:
        # PostgreSQL knows which column each is for, and reads the text as its type.
        for name, is_json in self._given:
            yield json.dumps(columns[name]) if is_json else columns[name]


def _default(field: "models.Field[Any, Any]") -> str:
    """As it stands in a statement that has parameters beside it."""
    if field.has_default() and callable(field.default) and field.default not in (dict, list):
        raise TypeError(f"{field} is another for each row, and has to be given")
    value = field.get_default()
    if value is None:
        return "NULL"
    if isinstance(value, int):
        return str(value)
    text = value if isinstance(value, str) else json.dumps(value)
    return "'{}'".format(text.replace("'", "''").replace("%", "%%"))
