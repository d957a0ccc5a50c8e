"""Names that nobody gets, and limits of single crates."""

from typing import Any

from django.contrib import admin
from django.db.models import Model
from django.forms import ModelForm
from django.http import HttpRequest

from accounts import audit
from accounts.admin.base import AnyModelAdmin
from registry.actors import Person
from registry.formats.names import canonical
from registry.models import CrateLimits, ReservedName


class AuditedListAdmin(AnyModelAdmin):
    """A list that administrators keep; every change is an audit event."""

    def save_model(
        self, request: HttpRequest, obj: Any, form: "ModelForm[Any]", change: bool
    ) -> None:
        super().save_model(request, obj, form, change)
        after = {name: _plain(value) for name, value in form.cleaned_data.items()}
        self._record(request, obj, "changed" if change else "added", after)

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        self._record(request, obj, "removed", {})
        super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: Any) -> None:
        for obj in queryset:
            self.delete_model(request, obj)

    def _record(
        self, request: HttpRequest, obj: Model, what: str, after: dict[str, object]
    ) -> None:
        audit.record(
            f"{obj._meta.model_name}.{what}",
            actor=Person(request.user),  # type: ignore[arg-type]
            subject=str(obj),
            after=after,
        )


def _plain(value: object) -> object:
    """What JSON can say of a form's value."""
    return value if isinstance(value, str | int | None) else str(value)


class NamedListAdmin(AuditedListAdmin):
    """A list of crate names with a reason each."""

    search_fields = ["canonical_name", "reason"]

    def save_model(
        self, request: HttpRequest, obj: Any, form: "ModelForm[Any]", change: bool
    ) -> None:
        obj.canonical_name = canonical(obj.canonical_name)
        super().save_model(request, obj, form, change)


@admin.register(ReservedName)
class ReservedNameAdmin(NamedListAdmin):
    list_display = ["canonical_name", "reason"]


@admin.register(CrateLimits)
class CrateLimitsAdmin(NamedListAdmin):
    list_display = ["canonical_name", "max_upload_bytes", "max_features", "reason"]
