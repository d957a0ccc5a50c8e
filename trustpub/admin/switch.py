"""What is switched off."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.contrib import admin

from accounts.admin.deed_admin import DeedAdmin
from accounts.admin.deeds import Deed, DeedForm
from accounts.powers import Power
from trustpub.models import SwitchedOff
from trustpub.operations.switches import known_switches, switch_off, switch_on
from trustpub.queries.cockpit import effect_of, stopped_by


class OffForm(DeedForm):
    name = forms.ChoiceField(choices=known_switches, label="What")
    spares_tokens = forms.BooleanField(
        required=False,
        label="Leave tokens that jobs hold already",
        help_text="They work on for their minutes.",
    )


class SwitchOff(Deed):
    name = "off"
    title = "Switch something off"
    about = "At once, for everybody."
    form = OffForm
    power = Power.ADMINISTER
    to_rows = False
    is_severe = True

    def effects(self, row: None, data: Mapping[str, Any]) -> list[str]:
        off = SwitchedOff.objects.filter(name=data["name"]).first()
        tokens = "tokens are left" if data["spares_tokens"] else "tokens die"
        title = dict(known_switches())[data["name"]]
        stops = effect_of(stopped_by(data["name"])).in_words()
        return [f"{title}: off{' already' if off else ''}, {tokens}", *stops]

    def do(self, actor: Any, row: None, data: Mapping[str, Any]) -> None:
        switch_off(
            actor=actor,
            name=data["name"],
            reason=data["reason"],
            spares_tokens=data["spares_tokens"],
        )


class SwitchOn(Deed):
    name = "on"
    title = "Switch on"
    power = Power.ADMINISTER

    def effects(self, row: SwitchedOff, data: Mapping[str, Any]) -> list[str]:
        title = dict(known_switches()).get(row.name, row.name)
        return [f"{title}: on again; it was off for: {row.reason}"]

    def do(self, actor: Any, row: SwitchedOff, data: Mapping[str, Any]) -> None:
        switch_on(actor=actor, name=row.name)


@admin.register(SwitchedOff)
class SwitchedOffAdmin(DeedAdmin):
    deeds = (SwitchOff(), SwitchOn())
    list_display = ("name", "spares_tokens", "reason", "at")
