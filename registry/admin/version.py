"""Versions."""

from collections.abc import Mapping
from typing import Any

from django.contrib import admin

from accounts.admin.deed_admin import DeedAdmin
from registry.admin.deeds import Deed
from registry.models import Crate, Version
from registry.operations.yank import unyank, yank


class VersionDeed(Deed):
    """Everything that changes a version holds its crate."""

    def hold(self, row: Version) -> None:
        Crate.objects.locked().get(pk=row.crate_id)


class Yank(VersionDeed):
    name = "yank"
    title = "Yank"
    about = (
        "Cargo chooses it for no new lock file; who has it in theirs can still download it. "
        "The reason is shown beside the version."
    )

    def effects(self, row: Version, data: Mapping[str, Any]) -> list[str]:
        if row.yanked:
            return [f"is yanked already; says now: {data['reason']}"]
        return ["yanked"]

    def do(self, actor: Any, row: Version, data: Mapping[str, Any]) -> None:
        yank(actor=actor, version=row, reason=data["reason"])


class Unyank(VersionDeed):
    name = "unyank"
    title = "Unyank"

    def effects(self, row: Version, data: Mapping[str, Any]) -> list[str]:
        return ["cargo chooses it again"] if row.yanked else ["nothing: it is not yanked"]

    def do(self, actor: Any, row: Version, data: Mapping[str, Any]) -> None:
        unyank(actor=actor, version=row)


@admin.register(Version)
class VersionAdmin(DeedAdmin):
    for_moderators = True
    deeds = (Yank(), Unyank())
    list_display = ("crate", "num", "created_at", "yanked", "size", "published_by")
    list_select_related = ("crate", "published_by")
    list_filter = ("yanked",)
    search_fields = ("crate__name", "num", "checksum")
