"""What administrators see of crates, and the two lists that they keep."""

from typing import Any

from django.contrib import admin
from django.db.models import Model
from django.forms import ModelForm
from django.http import HttpRequest

from accounts import audit
from accounts.admin import AnyModelAdmin, ReadOnlyAdmin
from registry.actors import Person
from registry.formats.names import canonical
from registry.models import (
    Crate,
    CrateLimits,
    DeletedCrate,
    Invitation,
    LimitOverride,
    Provenance,
    ReservedName,
    Version,
)


@admin.register(Crate)
class CrateAdmin(ReadOnlyAdmin):
    list_display = ["name", "default_version", "num_versions", "updated_at", "trustpub_only"]
    search_fields = ["name", "canonical_name"]


@admin.register(Version)
class VersionAdmin(ReadOnlyAdmin):
    list_display = ["crate", "num", "created_at", "yanked", "size", "published_by"]
    list_select_related = ["crate", "published_by"]
    search_fields = ["crate__name", "num", "checksum"]


@admin.register(Provenance)
class ProvenanceAdmin(ReadOnlyAdmin):
    list_display = ["version", "kind", "repository", "workflow", "sha", "run_id"]
    list_select_related = ["version__crate"]
    list_filter = ["kind", "provider"]
    search_fields = ["version__crate__name", "repository", "sha", "run_id"]


@admin.register(Invitation)
class InvitationAdmin(ReadOnlyAdmin):
    list_display = ["crate", "invitee", "inviter", "created_at", "expires_at"]
    list_select_related = ["crate", "invitee", "inviter"]
    search_fields = ["crate__name", "invitee__login", "inviter__login"]
    exclude = ["digest"]


@admin.register(DeletedCrate)
class DeletedCrateAdmin(ReadOnlyAdmin):
    list_display = ["name", "deleted_at", "deleted_by", "available_at", "message"]
    list_select_related = ["deleted_by"]
    search_fields = ["name", "canonical_name"]


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


@admin.register(LimitOverride)
class LimitOverrideAdmin(AuditedListAdmin):
    list_display = ["user", "action", "burst", "expires_at", "reason"]
    list_select_related = ["user"]
    list_filter = ["action"]
    search_fields = ["user__login", "reason"]
    raw_id_fields = ["user"]
