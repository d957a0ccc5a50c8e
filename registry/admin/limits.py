"""Bursts that single people were given."""

from django.contrib import admin

from registry.admin.names import AuditedListAdmin
from registry.models import LimitOverride


@admin.register(LimitOverride)
class LimitOverrideAdmin(AuditedListAdmin):
    list_display = ["user", "action", "burst", "expires_at", "reason"]
    list_select_related = ["user"]
    list_filter = ["action"]
    search_fields = ["user__login", "reason"]
    raw_id_fields = ["user"]
