"""Publish tokens, without their digests."""

from collections.abc import Mapping
from typing import Any

from django.contrib import admin

from accounts.admin.deed_admin import DeedAdmin
from accounts.admin.deeds import Deed
from trustpub.models import PublishToken
from trustpub.operations.moderate import end_publish_token


class Revoke(Deed):
    name = "revoke"
    title = "Revoke"
    about = "A job that holds it publishes nothing more; a new job can get another one."
    is_severe = True

    def effects(self, row: PublishToken, data: Mapping[str, Any]) -> list[str]:
        return [
            f"ends at once instead of at {row.expires_at:%H:%M} UTC; used {row.use_count} times"
        ]

    def do(self, actor: Any, row: PublishToken, data: Mapping[str, Any]) -> None:
        end_publish_token(actor=actor, token=row)


@admin.register(PublishToken)
class PublishTokenAdmin(DeedAdmin):
    for_moderators = True
    deeds = (Revoke(),)
    list_display = ("pk", "issuer", "issued_at", "expires_at", "use_count", "revoked_at")
    list_select_related = ("issuer",)
    exclude = ("digest",)
