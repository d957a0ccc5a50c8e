"""Crates: quarantine, deletion, who owns them, how large they may be."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from accounts.admin.deed_admin import DeedAdmin
from accounts.admin.deeds import DeedForm
from registry.admin.deeds import Deed, HoldForm, held_for, hold_in_words
from registry.models import Crate, Dependency, Version
from registry.operations.owners import add_owners, remove_owners, replace_owners
from registry.operations.quarantine import quarantine_crate, release_crate
from registry.operations.remove import remove_crate

MOST_NAMED = 5


class CrateDeed(Deed):
    def hold(self, row: Crate) -> None:
        Crate.everything.locked().get(pk=row.pk)


class Quarantine(CrateDeed):
    name = "quarantine"
    title = "Put into quarantine"
    about = (
        "Nobody sees the crate any more: not in the index, the API, search, pages, feeds or "
        "downloads. Its name stays taken. It can come back whole."
    )
    is_severe = True

    def effects(self, row: Crate, data: Mapping[str, Any]) -> list[str]:
        return [
            f"{_count(row)} vanish",
            *_dependents(row, "no longer resolves"),
            f"a letter to {_owners(row)}",
        ]

    def do(self, actor: Any, row: Crate, data: Mapping[str, Any]) -> None:
        quarantine_crate(actor=actor, crate=row, reason=data["reason"])


class Release(CrateDeed):
    name = "release"
    title = "Release from quarantine"
    about = "Everything is as it was before, but for versions that are in quarantine themselves."

    def effects(self, row: Crate, data: Mapping[str, Any]) -> list[str]:
        kept = Version.everything.filter(crate=row, quarantined_at__isnull=False).count()
        still = [f"{kept} versions stay in quarantine"] if kept else []
        return [f"{_count(row)} come back", *still, f"a letter to {_owners(row)}"]

    def do(self, actor: Any, row: Crate, data: Mapping[str, Any]) -> None:
        release_crate(actor=actor, crate=row, reason=data["reason"])


class Delete(CrateDeed):
    name = "delete"
    title = "Delete"
    about = (
        "For good, and whatever the rules for owners say. To hide a crate while you look at it, "
        "put it into quarantine."
    )
    form = HoldForm
    is_severe = True

    def effects(self, row: Crate, data: Mapping[str, Any]) -> list[str]:
        return [
            f"{_count(row)} with all files are gone for good",
            f"nobody gets the name {hold_in_words(data)}",
            *_dependents(row, "no longer resolves"),
            f"a letter to {_owners(row)}",
        ]

    def do(self, actor: Any, row: Crate, data: Mapping[str, Any]) -> None:
        remove_crate(actor=actor, crate=row, reason=data["reason"], held_for=held_for(data))


class OwnersForm(DeedForm):
    logins = forms.CharField(
        max_length=1000, label="Logins", help_text="Of accounts here, with spaces between."
    )

    def clean_logins(self) -> tuple[str, ...]:
        return tuple(self.cleaned_data["logins"].replace(",", " ").split())


class AddOwners(CrateDeed):
    name = "add-owners"
    title = "Add owners"
    about = "At once and without asking them; everybody concerned gets a letter."
    form = OwnersForm

    def effects(self, row: Crate, data: Mapping[str, Any]) -> list[str]:
        return [f"owned by {_owners(row)}, and by {', '.join(data['logins'])}"]

    def do(self, actor: Any, row: Crate, data: Mapping[str, Any]) -> None:
        add_owners(actor=actor, crate=row, logins=data["logins"])


class RemoveOwners(CrateDeed):
    name = "remove-owners"
    title = "Remove owners"
    about = "At least one person stays. Publishers that only they vouched for stop."
    form = OwnersForm
    is_severe = True

    def effects(self, row: Crate, data: Mapping[str, Any]) -> list[str]:
        return [f"owned by {_owners(row)}, but no longer by {', '.join(data['logins'])}"]

    def do(self, actor: Any, row: Crate, data: Mapping[str, Any]) -> None:
        remove_owners(actor=actor, crate=row, logins=data["logins"])


class Transfer(CrateDeed):
    name = "transfer"
    title = "Transfer"
    about = "To these people alone; whoever owned it before, teams too, does no longer."
    form = OwnersForm
    is_severe = True

    def effects(self, row: Crate, data: Mapping[str, Any]) -> list[str]:
        return [f"owned by {', '.join(data['logins'])} instead of {_owners(row)}"]

    def do(self, actor: Any, row: Crate, data: Mapping[str, Any]) -> None:
        replace_owners(actor=actor, crate=row, logins=data["logins"])


class HiddenFilter(admin.SimpleListFilter):
    title = "quarantine"
    parameter_name = "quarantine"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", "hidden"), ("no", "visible")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() is None:
            return queryset
        return queryset.filter(hidden_at__isnull=self.value() == "no")


@admin.register(Crate)
class CrateAdmin(DeedAdmin):
    for_moderators = True
    deeds = (
        Quarantine(),
        Release(),
        Delete(),
        AddOwners(),
        RemoveOwners(),
        Transfer(),
    )
    list_display = (
        "name",
        "standing",
        "default_version",
        "num_versions",
        "downloads",
        "updated_at",
    )
    list_filter = (HiddenFilter, "created_at")
    search_fields = ("name", "canonical_name", "ownerships__user__login")
    search_help_text = "name, or login of an owner"
    fields = (
        "name",
        "standing",
        "owned_by",
        "description",
        "repository",
        "homepage",
        "default_version",
        "num_versions",
        "downloads",
        "recent_downloads",
        "created_at",
        "updated_at",
        "trustpub_only",
    )
    readonly_fields = ("standing", "owned_by", "created_at", "updated_at")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Crate]:
        return Crate.everything.all()

    @admin.display(description="standing")
    def standing(self, crate: Crate) -> str:
        if crate.quarantined_at:
            return f"in quarantine since {crate.quarantined_at:%Y-%m-%d}"
        return "hidden with its owners or versions" if crate.hidden_at else "visible"

    @admin.display(description="owned by")
    def owned_by(self, crate: Crate) -> str:
        return _owners(crate)


def _owners(crate: Crate) -> str:
    owned = crate.ownerships.select_related("user", "team").order_by("pk")
    return ", ".join(ownership.login for ownership in owned) or "nobody"


def _count(crate: Crate) -> str:
    count = Version.everything.filter(crate=crate).count()
    return f"{count} version{'' if count == 1 else 's'}, {crate.downloads} downloads,"


def _dependents(crate: Crate, what: str) -> list[str]:
    """Who is hurt by it."""
    rows = Dependency.objects.filter(
        canonical_name=crate.canonical_name, registry_index="", version__hidden_at=None
    ).exclude(version__crate=crate)
    names = list(
        rows.order_by("version__crate__name")
        .values_list("version__crate__name", flat=True)
        .distinct()[: MOST_NAMED + 1]
    )
    shown = ", ".join(names[:MOST_NAMED]) + (" and others" if len(names) > MOST_NAMED else "")
    return [f"what needs it {what}: {shown}"] if names else []
