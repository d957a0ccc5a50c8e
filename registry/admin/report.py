"""What people reported, and deciding about it."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.contrib import admin

from accounts.admin.deed_admin import DeedAdmin
from accounts.admin.deeds import DeedForm
from registry.admin.deeds import Deed
from registry.models import Report
from registry.operations.reports import resolve_report


class ResolveForm(DeedForm):
    """The reason is what the reporter reads."""

    reason = forms.CharField(
        label="Answer",
        max_length=255,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="For the audit log, and for the reporter, who gets it by letter.",
    )


class ActOn(Deed):
    name = "acted-on"
    title = "Close: acted on"
    about = "Say what you did. Quarantine, yank or delete at the crate itself, before."
    form = ResolveForm
    state = Report.State.ACTED_ON

    def hold(self, row: Report) -> None:
        Report.objects.select_for_update().get(pk=row.pk)

    def effects(self, row: Report, data: Mapping[str, Any]) -> list[str]:
        told = (
            f"a letter to {row.reporter}" if row.reporter else "nobody is told: the account is gone"
        )
        return [f"closed as {self.state.label}", told]

    def do(self, actor: Any, row: Report, data: Mapping[str, Any]) -> None:
        resolve_report(actor=actor, report=row, state=self.state, answer=data["reason"])


class Dismiss(ActOn):
    name = "dismiss"
    title = "Close: dismiss"
    about = "Nothing is done about it. Say why."
    state = Report.State.DISMISSED


@admin.register(Report)
class ReportAdmin(DeedAdmin):
    """The oldest open ones first, as a queue is read."""

    for_moderators = True
    deeds = (ActOn(), Dismiss())
    fields = (
        ("crate_name", "num"),
        "category",
        "text",
        "reporter",
        "created_at",
        "state",
        "answer",
        "resolved_by",
        "resolved_at",
        "crate",
    )
    readonly_fields = ("created_at", "resolved_at")
    list_display = ("crate_name", "num", "category", "reporter", "created_at", "state")
    list_select_related = ("reporter",)
    list_filter = ("state", "category")
    search_fields = ("crate_name", "reporter__login", "text")
    ordering = ("-state", "created_at")
