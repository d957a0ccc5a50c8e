"""Names that nobody gets, and limits of single crates."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.contrib import admin

from accounts.admin.deed_admin import DeedAdmin
from accounts.admin.deeds import DeedForm
from accounts.errors import Refusal
from registry.admin.deeds import Deed
from registry.models import Crate, CrateLimits, ReservedName
from registry.operations.names import checked_name, checked_pattern, limit_crate, release, reserve

MOST_NAMED = 10


class PatternForm(DeedForm):
    pattern = forms.CharField(
        max_length=64,
        label="Name or pattern",
        help_text="`*` stands for any characters: acme-* keeps acme-tools. Case does not matter.",
    )

    def clean_pattern(self) -> str:
        try:
            return checked_pattern(self.cleaned_data["pattern"])
        except Refusal as refusal:
            raise forms.ValidationError(refusal.detail) from None


class Reserve(Deed):
    name = "reserve"
    title = "Reserve a name or pattern"
    about = "Nobody can publish a crate of that name, its owners neither if there is one."
    form = PatternForm
    to_rows = False

    def effects(self, row: None, data: Mapping[str, Any]) -> list[str]:
        wanted = ReservedName(canonical_name=data["pattern"])
        names = Crate.everything.order_by("name").values_list("name", flat=True).iterator()
        hit = [name for name in names if wanted.fits(name)]
        rest = f" and {len(hit) - MOST_NAMED} more" if len(hit) > MOST_NAMED else ""
        there = f"; stops {', '.join(hit[:MOST_NAMED])}{rest}" if hit else "; no crate has it now"
        return [f"{data['pattern']} is reserved{there}"]

    def do(self, actor: Any, row: None, data: Mapping[str, Any]) -> None:
        reserve(actor=actor, pattern=data["pattern"], reason=data["reason"])


class Release(Deed):
    name = "release"
    title = "Release"

    def effects(self, row: ReservedName, data: Mapping[str, Any]) -> list[str]:
        return [f"free for everybody; it was reserved for: {row.reason}"]

    def do(self, actor: Any, row: ReservedName, data: Mapping[str, Any]) -> None:
        release(actor=actor, reserved=row)


@admin.register(ReservedName)
class ReservedNameAdmin(DeedAdmin):
    for_moderators = True
    deeds = (Reserve(), Release())
    list_display = ("canonical_name", "reason")
    search_fields = ("canonical_name", "reason")


class LimitsForm(DeedForm):
    crate = forms.CharField(
        max_length=64, label="Name", help_text="Also of a crate that is still to come."
    )
    max_upload_bytes = forms.IntegerField(
        required=False, min_value=1, max_value=2**31 - 1, label="Largest upload in bytes"
    )
    max_features = forms.IntegerField(
        required=False, min_value=1, max_value=100_000, label="Most features"
    )

    def clean_crate(self) -> str:
        try:
            return checked_name(self.cleaned_data["crate"])
        except Refusal as refusal:
            raise forms.ValidationError(refusal.detail) from None


class SetLimits(Deed):
    name = "limit"
    title = "Set limits of a crate"
    about = "What is left empty is as for all crates."
    form = LimitsForm
    to_rows = False

    def effects(self, row: None, data: Mapping[str, Any]) -> list[str]:
        own = CrateLimits.objects.filter(canonical_name=data["crate"]).first()
        return [
            _change("bytes", data["max_upload_bytes"], own.max_upload_bytes if own else None),
            _change("features", data["max_features"], own.max_features if own else None),
        ]

    def do(self, actor: Any, row: None, data: Mapping[str, Any]) -> None:
        limit_crate(
            actor=actor,
            name=data["crate"],
            max_upload_bytes=data["max_upload_bytes"],
            max_features=data["max_features"],
            reason=data["reason"],
        )


class EndLimits(Deed):
    name = "end"
    title = "Back to the usual limits"

    def effects(self, row: CrateLimits, data: Mapping[str, Any]) -> list[str]:
        return [
            _change("bytes", None, row.max_upload_bytes),
            _change("features", None, row.max_features),
        ]

    def do(self, actor: Any, row: CrateLimits, data: Mapping[str, Any]) -> None:
        limit_crate(
            actor=actor,
            name=row.canonical_name,
            max_upload_bytes=None,
            max_features=None,
            reason=data["reason"],
        )


@admin.register(CrateLimits)
class CrateLimitsAdmin(DeedAdmin):
    for_moderators = True
    deeds = (SetLimits(), EndLimits())
    list_display = ("canonical_name", "max_upload_bytes", "max_features", "reason")
    search_fields = ("canonical_name", "reason")


def _change(what: str, after: int | None, before: int | None) -> str:
    return f"at most {after or 'the usual'} {what} instead of {before or 'the usual'}"
