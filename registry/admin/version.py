"""Versions."""

from collections.abc import Mapping
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from accounts.admin.deed_admin import DeedAdmin
from registry.admin.crate import HiddenFilter
from registry.admin.deeds import Deed, HoldForm, held_for, hold_in_words
from registry.models import Crate, Version
from registry.operations.quarantine import quarantine_version, release_version
from registry.operations.remove import remove_version
from registry.operations.yank import unyank, yank


class VersionDeed(Deed):
    """Everything that changes a version holds its crate."""

    def hold(self, row: Version) -> None:
        Crate.everything.locked().get(pk=row.crate_id)


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


class Quarantine(VersionDeed):
    name = "quarantine"
    title = "Put into quarantine"
    about = "Nobody sees the version any more, nor can download it. It can come back whole."
    is_severe = True

    def effects(self, row: Version, data: Mapping[str, Any]) -> list[str]:
        others = Version.objects.filter(crate=row.crate_id).exclude(pk=row.pk)
        if row.crate.hidden_at:
            return ["stays hidden when its crate comes back", "a letter to the owners"]
        if not others.exists():
            return [f"vanishes, and {row.crate.name} with it", "a letter to the owners"]
        return ["vanishes", "a letter to the owners"]

    def do(self, actor: Any, row: Version, data: Mapping[str, Any]) -> None:
        quarantine_version(actor=actor, version=row, reason=data["reason"])


class Release(VersionDeed):
    name = "release"
    title = "Release from quarantine"

    def effects(self, row: Version, data: Mapping[str, Any]) -> list[str]:
        hidden = " with its crate, once that is released" if row.crate.quarantined_at else ""
        return [f"comes back{hidden}", "a letter to the owners"]

    def do(self, actor: Any, row: Version, data: Mapping[str, Any]) -> None:
        release_version(actor=actor, version=row, reason=data["reason"])


class Delete(VersionDeed):
    name = "delete"
    title = "Delete"
    about = "For good. To keep it from new lock files, yank it; to hide it, quarantine it."
    form = HoldForm
    is_severe = True

    def effects(self, row: Version, data: Mapping[str, Any]) -> list[str]:
        return [
            f"gone for good with its file and {row.downloads} downloads",
            f"nobody gets the number {hold_in_words(data)}",
            "a letter to the owners",
        ]

    def do(self, actor: Any, row: Version, data: Mapping[str, Any]) -> None:
        remove_version(actor=actor, version=row, reason=data["reason"], held_for=held_for(data))


@admin.register(Version)
class VersionAdmin(DeedAdmin):
    for_moderators = True
    deeds = (Yank(), Unyank(), Quarantine(), Release(), Delete())
    list_display = ("crate", "num", "created_at", "yanked", "standing", "size", "published_by")
    list_select_related = ("crate", "published_by")
    list_filter = ("yanked", HiddenFilter, "created_at")
    search_fields = ("crate__name", "num", "checksum", "published_by__login")
    exclude = ("index_line",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Version]:
        return Version.everything.select_related("crate", "published_by", "total")

    @admin.display(description="standing")
    def standing(self, version: Version) -> str:
        if version.quarantined_at:
            return "in quarantine"
        return "hidden with its crate" if version.hidden_at else "visible"
