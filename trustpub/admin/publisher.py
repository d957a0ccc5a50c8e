"""Publishers, and ending them."""

from collections.abc import Mapping
from typing import Any

from django.contrib import admin

from accounts.admin.deed_admin import DeedAdmin
from registry.admin.deeds import Deed
from trustpub.models import Publisher
from trustpub.operations.publishers import delete_publisher


class DeletePublisher(Deed):
    name = "delete"
    title = "Delete"
    about = "Ends for each of its crates; its publish tokens die, and the owners get a letter."
    is_severe = True

    def effects(self, row: Publisher, data: Mapping[str, Any]) -> list[str]:
        names = row.crates.order_by("canonical_name").values_list("name", flat=True)
        return [f"publishes {name} no more, a letter to its owners" for name in names]

    def do(self, actor: Any, row: Publisher, data: Mapping[str, Any]) -> None:
        delete_publisher(actor=actor, publisher=row, reason=data["reason"])


@admin.register(Publisher)
class PublisherAdmin(DeedAdmin):
    for_moderators = True
    deeds = (DeletePublisher(),)
    list_display = ("repository", "issuer", "state", "pinned_at", "last_verified_at")
    list_select_related = ("issuer",)
    list_filter = ("state", "issuer")
    search_fields = ("repository", "repository_id", "crates__name")
