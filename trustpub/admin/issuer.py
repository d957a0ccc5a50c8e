"""Issuers and their keys."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.contrib import admin

from accounts.admin.base import ReadOnlyAdmin
from accounts.admin.deed_admin import DeedAdmin
from accounts.admin.deeds import Deed, DeedForm
from accounts.powers import Power
from trustpub.models import Issuer, KeySetRow, Publisher
from trustpub.operations.switches import set_issuer_state


class StateForm(DeedForm):
    state = forms.ChoiceField(choices=Issuer.State.choices)


class SetState(Deed):
    name = "state"
    title = "Open or shut"
    about = "Shut, its jobs exchange nothing; with no new publishers, those that are there work on."
    form = StateForm
    power = Power.ADMINISTER
    is_severe = True

    def hold(self, row: Issuer) -> None:
        Issuer.objects.select_for_update().get(pk=row.pk)

    def effects(self, row: Issuer, data: Mapping[str, Any]) -> list[str]:
        after = Issuer.State(data["state"])
        count = Publisher.objects.filter(issuer=row).count()
        return [
            f"{after.label} instead of {row.get_state_display()}",
            f"{count} publishers concerned",
        ]

    def do(self, actor: Any, row: Issuer, data: Mapping[str, Any]) -> None:
        set_issuer_state(actor=actor, issuer=row, state=data["state"], reason=data["reason"])


@admin.register(Issuer)
class IssuerAdmin(DeedAdmin):
    """`trust_issuer` adds issuers; here they are stopped and opened again."""

    deeds = (SetState(),)
    fields = ("name", "provider", "url", "web_url", "organization", "algorithms", "state")
    list_display = ("name", "provider", "url", "organization", "state")


@admin.register(KeySetRow)
class KeySetAdmin(ReadOnlyAdmin):
    list_display = ("url", "fetched_at", "attempted_at", "error")
