"""Publishers of crates that do not exist yet, and ending them."""

from collections.abc import Mapping
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from accounts.admin.deed_admin import DeedAdmin
from registry.admin.deeds import Deed
from trustpub.models import PendingPublisher
from trustpub.operations.pending import delete_pending
from trustpub.queries.queues import long_unused


class DeletePending(Deed):
    name = "delete"
    title = "Delete"
    about = "Whoever registered it gets a letter; its publish tokens die."
    is_severe = True

    def effects(self, row: PendingPublisher, data: Mapping[str, Any]) -> list[str]:
        return [f"{row.crate_name} is no longer waited for, a letter to {row.owner}"]

    def do(self, actor: Any, row: PendingPublisher, data: Mapping[str, Any]) -> None:
        delete_pending(actor=actor, pending_id=row.pk, reason=data["reason"])


class Unused(admin.SimpleListFilter):
    """Those that somebody registered and seems to have forgotten."""

    title = "use"
    parameter_name = "unused"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("long", "A week old and never used")]

    def queryset(
        self, request: HttpRequest, queryset: "QuerySet[PendingPublisher]"
    ) -> "QuerySet[PendingPublisher]":
        if self.value() == "long":
            return queryset.filter(pk__in=long_unused().values("pk"))
        return queryset


@admin.register(PendingPublisher)
class PendingPublisherAdmin(DeedAdmin):
    for_moderators = True
    deeds = (DeletePending(),)
    list_display = ("crate_name", "owner", "team", "repository", "issuer", "expires_at")
    list_select_related = ("issuer", "owner", "team")
    list_filter = (Unused,)
    search_fields = ("crate_name", "owner__login", "repository")
