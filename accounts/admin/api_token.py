"""API tokens, and ending them."""

from collections.abc import Mapping
from typing import Any

from django.contrib import admin

from accounts.admin.deed_admin import DeedAdmin
from accounts.admin.deeds import Deed
from accounts.models import ApiToken
from accounts.operations.tokens import end_token


class RevokeToken(Deed):
    name = "revoke"
    title = "Revoke"
    about = "It opens nothing any more, and its owner gets a letter with the reason."
    is_severe = True

    def effects(self, row: ApiToken, data: Mapping[str, Any]) -> list[str]:
        used = f"last used {row.last_used_at:%Y-%m-%d}" if row.last_used_at else "never used"
        return [f"revoked for good ({used})", f"a letter to {row.user.login}"]

    def do(self, actor: Any, row: ApiToken, data: Mapping[str, Any]) -> None:
        end_token(actor=actor, token=row, reason=data["reason"])


@admin.register(ApiToken)
class ApiTokenAdmin(DeedAdmin):
    for_moderators = True
    deeds = (RevokeToken(),)
    list_display = ("user", "name", "created_at", "expires_at", "last_used_at", "revoked_at")
    list_select_related = ("user",)
    search_fields = ("user__login", "name")
    exclude = ("digest",)
