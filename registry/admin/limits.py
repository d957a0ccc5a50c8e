"""Bursts that single people were given; a person's own page gives them."""

from collections.abc import Mapping
from typing import Any

from django.contrib import admin

from accounts.admin.deed_admin import DeedAdmin
from registry.admin.deeds import Deed
from registry.models import LimitedAction, LimitOverride
from registry.operations.names import limit_person


class End(Deed):
    name = "end"
    title = "Back to the usual limit"

    def effects(self, row: LimitOverride, data: Mapping[str, Any]) -> list[str]:
        return [f"as everybody instead of {row.burst} at once"]

    def do(self, actor: Any, row: LimitOverride, data: Mapping[str, Any]) -> None:
        limit_person(
            actor=actor,
            user=row.user,
            action=LimitedAction(row.action),
            burst=None,
            expires_at=None,
            reason=data["reason"],
        )


@admin.register(LimitOverride)
class LimitOverrideAdmin(DeedAdmin):
    for_moderators = True
    deeds = (End(),)
    list_display = ("user", "action", "burst", "expires_at", "reason")
    list_select_related = ("user",)
    list_filter = ("action",)
    search_fields = ("user__login", "reason")
