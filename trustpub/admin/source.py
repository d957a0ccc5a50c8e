"""Repositories and owners that get nothing here."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Q

from accounts.admin.deed_admin import DeedAdmin
from accounts.admin.deeds import Deed, DeedForm
from trustpub.models import BlockedSource, Issuer, Publisher
from trustpub.operations.blocks import block, unblock


class BlockForm(DeedForm):
    issuer = forms.ModelChoiceField(Issuer.objects.order_by("name"))
    repository_id = forms.CharField(max_length=64, required=False, label="Number of the repository")
    owner_id = forms.CharField(max_length=64, required=False, label="Or number of the owner")

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        if bool(data.get("repository_id")) == bool(data.get("owner_id")):
            raise forms.ValidationError("Fill in one of the two numbers.")
        return data


class Block(Deed):
    name = "block"
    title = "Block a repository or owner"
    about = (
        "By the forge's number, which stays when names change; a publisher's page has both. Its "
        "jobs exchange nothing, and tokens that they hold die."
    )
    form = BlockForm
    to_rows = False
    is_severe = True

    def effects(self, row: None, data: Mapping[str, Any]) -> list[str]:
        same = Q(repository_id=data["repository_id"])
        if data["owner_id"]:
            same = Q(repository_owner_id=data["owner_id"])
        names = Publisher.objects.filter(same, issuer=data["issuer"]).values_list(
            "crates__name", flat=True
        )
        known = sorted({name for name in names if name})
        return [f"{_source(data)} gets nothing; it may publish {', '.join(known) or 'nothing'} now"]

    def do(self, actor: Any, row: None, data: Mapping[str, Any]) -> None:
        block(actor=actor, source=_source(data))


class Unblock(Deed):
    name = "unblock"
    title = "Unblock"

    def effects(self, row: BlockedSource, data: Mapping[str, Any]) -> list[str]:
        return [f"may go on; it was blocked for: {row.reason}"]

    def do(self, actor: Any, row: BlockedSource, data: Mapping[str, Any]) -> None:
        unblock(actor=actor, source=row)


@admin.register(BlockedSource)
class BlockedSourceAdmin(DeedAdmin):
    for_moderators = True
    deeds = (Block(), Unblock())
    list_display = ("__str__", "issuer", "repository_id", "owner_id", "reason", "at")
    list_select_related = ("issuer",)
    search_fields = ("repository_id", "owner_id", "reason")


def _source(data: Mapping[str, Any]) -> BlockedSource:
    return BlockedSource(
        issuer=data["issuer"],
        repository_id=data["repository_id"],
        owner_id=data["owner_id"],
        reason=data["reason"],
    )
