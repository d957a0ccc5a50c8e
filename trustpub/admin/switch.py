"""What is switched off."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest

from accounts.admin.base import AnyModelAdmin
from registry.actors import Person
from trustpub.models import SwitchedOff
from trustpub.operations.switches import known_switches, switch_off, switch_on


class SwitchForm(forms.ModelForm):  # type: ignore[type-arg]
    """The organisations are those of today."""

    name = forms.ChoiceField(choices=known_switches)

    class Meta:
        model = SwitchedOff
        fields = ("name", "spares_tokens", "reason")


@admin.register(SwitchedOff)
class SwitchedOffAdmin(AnyModelAdmin):
    """Adding a row switches something off, deleting it switches it on."""

    form = SwitchForm
    list_display = ["name", "spares_tokens", "reason", "at"]

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        row = switch_off(
            actor=Person(request.user),  # type: ignore[arg-type]
            name=obj.name,
            reason=obj.reason,
            spares_tokens=obj.spares_tokens,
        )
        obj.pk = row.pk

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        switch_on(actor=Person(request.user), name=obj.name)  # type: ignore[arg-type]

    def delete_queryset(self, request: HttpRequest, queryset: Any) -> None:
        for obj in queryset:
            self.delete_model(request, obj)
