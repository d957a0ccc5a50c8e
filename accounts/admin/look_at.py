"""The deed of queues: somebody has looked."""

from collections.abc import Callable, Mapping
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from accounts.admin.deeds import Deed


class LookAt(Deed):
    """`looked_at` of the row tells whether it waits; the operation is given."""

    name = "look-at"
    title = "Mark as looked at"
    about = "It leaves the queue; nothing else changes. Say what you found, if only: harmless."

    def __init__(self, operation: Callable[[Any, Any], None]) -> None:
        self._operation = operation

    def hold(self, row: Any) -> None:
        type(row).objects.select_for_update().get(pk=row.pk)

    def effects(self, row: Any, data: Mapping[str, Any]) -> list[str]:
        return ["was looked at already"] if row.looked_at else ["leaves the queue"]

    def do(self, actor: Any, row: Any, data: Mapping[str, Any]) -> None:
        self._operation(actor, row)


class Waiting(admin.SimpleListFilter):
    """Shows what waits, until somebody asks for the rest."""

    title = "looked at"
    parameter_name = "queue"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("done", "Looked at"), ("all", "All")]

    def queryset(self, request: HttpRequest, queryset: "QuerySet[Any]") -> "QuerySet[Any]":
        if self.value() == "all":
            return queryset
        return queryset.filter(looked_at__isnull=self.value() != "done")

    def choices(self, changelist: Any) -> Any:
        """The first choice of every filter is called "All"."""
        first, *others = super().choices(changelist)
        return [{**first, "display": "Waiting"}, *others]
