"""Publishers, and ending them."""

from collections.abc import Mapping
from typing import Any

from django.contrib import admin

from accounts.admin.deed_admin import DeedAdmin
from registry.admin.deeds import Deed
from trustpub.models import Publisher
from trustpub.operations.moderate import release_publisher, stop_publisher
from trustpub.operations.publishers import delete_publisher


class DeletePublisher(Deed):
    name = "delete"
    title = "Delete"
    about = "Ends for each of its crates; its publish tokens die, and the owners get a letter."
    is_severe = True

    def effects(self, row: Publisher, data: Mapping[str, Any]) -> list[str]:
        return [f"publishes {name} no more, a letter to its owners" for name in _crates(row)]

    def do(self, actor: Any, row: Publisher, data: Mapping[str, Any]) -> None:
        delete_publisher(actor=actor, publisher=row, reason=data["reason"])


class StopPublisher(Deed):
    name = "stop"
    title = "Suspend"
    about = "Grants nothing until you release it; owners can neither resume nor replace it."
    is_severe = True

    def effects(self, row: Publisher, data: Mapping[str, Any]) -> list[str]:
        return [f"publishes {name} no more, a letter to its owners" for name in _crates(row)]

    def do(self, actor: Any, row: Publisher, data: Mapping[str, Any]) -> None:
        stop_publisher(actor=actor, publisher=row, reason=data["reason"])


class ReleasePublisher(Deed):
    name = "release"
    title = "Release"
    about = "What a moderator suspended publishes again."

    def effects(self, row: Publisher, data: Mapping[str, Any]) -> list[str]:
        return [f"publishes {name} again, a letter to its owners" for name in _crates(row)]

    def do(self, actor: Any, row: Publisher, data: Mapping[str, Any]) -> None:
        release_publisher(actor=actor, publisher=row)


@admin.register(Publisher)
class PublisherAdmin(DeedAdmin):
    for_moderators = True
    deeds = (StopPublisher(), ReleasePublisher(), DeletePublisher())
    list_display = ("repository", "issuer", "state", "pinned_at", "last_verified_at")
    list_select_related = ("issuer",)
    list_filter = ("state", "issuer")
    search_fields = ("repository", "repository_id", "crates__name")


def _crates(publisher: Publisher) -> list[str]:
    grants = publisher.grants.order_by("crate__canonical_name")
    return list(grants.values_list("crate__name", flat=True))
