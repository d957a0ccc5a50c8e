"""Repositories and owners that get nothing here."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from accounts.admin.base import AnyModelAdmin
from registry.actors import Person
from trustpub.models import BlockedSource
from trustpub.operations.blocks import block, unblock


@admin.register(BlockedSource)
class BlockedSourceAdmin(AnyModelAdmin):
    """Adding a row blocks somebody, deleting it lets them go on."""

    list_display = ["issuer", "repository_id", "owner_id", "reason", "at"]
    list_select_related = ["issuer"]
    search_fields = ["repository_id", "owner_id", "reason"]

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        block(actor=Person(request.user), source=obj)  # type: ignore[arg-type]

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        unblock(actor=Person(request.user), source=obj)  # type: ignore[arg-type]

    def delete_queryset(self, request: HttpRequest, queryset: Any) -> None:
        for obj in queryset:
            self.delete_model(request, obj)
