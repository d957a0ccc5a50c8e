"""Instances of models out of a statement's rows, in a fraction of the time that Django takes."""

from collections.abc import Mapping, Sequence
from typing import Any, Generic, TypeVar

from django.db import models
from django.db.models.base import ModelState

T = TypeVar("T", bound=models.Model)


class Instances(Generic[T]):
    """Takes a model out of rows, and what was selected with it, as Django has planned its columns.

    `Model.from_db` asks each field of the model whether it was selected, and sends two signals;
    here nobody is asked and nothing is sent. `plan` and `select` are the compiler's.
    """

    def __init__(self, plan: Mapping[str, Any], select: Sequence[Any], alias: str) -> None:
        places = plan["select_fields"]
        self._model: type[T] = plan["model"]
        self._alias = alias
        self._names = [select[place][0].target.attname for place in places]
        self._columns = slice(places[0], places[-1] + 1)
        self._key = places[self._names.index(self._model._meta.pk.attname)]
        self._related = [
            (Instances[Any](below, select, alias), below["local_setter"], below["remote_setter"])
            for below in plan.get("related_klass_infos", ())
        ]

    def of(self, row: Sequence[Any]) -> T | None:
        """None where an outer join found nothing."""
        if row[self._key] is None:
            return None
        instance = self._model.__new__(self._model)
        state = ModelState()
        state.adding, state.db = False, self._alias
        instance.__dict__.update(zip(self._names, row[self._columns], strict=True), _state=state)
        for related, set_here, set_there in self._related:
            other = related.of(row)
            set_here(instance, other)
            if other is not None:
                set_there(other, instance)
        return instance
