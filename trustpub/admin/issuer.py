"""Issuers and their keys."""

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest

from accounts.admin.base import AnyModelAdmin, ReadOnlyAdmin
from registry.actors import Person
from trustpub.models import Issuer, KeySetRow
from trustpub.operations.switches import set_issuer_state

if TYPE_CHECKING:
    IssuerModelForm = forms.ModelForm[Issuer]
else:
    # Generic for the type checker alone.
    IssuerModelForm = forms.ModelForm


class IssuerForm(IssuerModelForm):
    """The one thing to change, and why."""

    reason = forms.CharField(max_length=255, help_text="for the audit log")

    class Meta:
        model = Issuer
        fields = ("state",)


@admin.register(Issuer)
class IssuerAdmin(ReadOnlyAdmin):
    """`trust_issuer` adds issuers; here they are stopped and opened again."""

    form = IssuerForm
    fields = ["name", "provider", "url", "web_url", "organization", "algorithms", "state", "reason"]
    readonly_fields = ["name", "provider", "url", "web_url", "organization", "algorithms"]
    list_display = ["name", "provider", "url", "organization", "state"]

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return AnyModelAdmin.has_change_permission(self, request, obj)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        set_issuer_state(
            actor=Person(request.user),  # type: ignore[arg-type]
            issuer=obj,
            state=form.cleaned_data["state"],
            reason=form.cleaned_data["reason"],
        )


@admin.register(KeySetRow)
class KeySetAdmin(ReadOnlyAdmin):
    list_display = ["url", "fetched_at", "attempted_at", "error"]
