"""Crates."""

from django.contrib import admin

from accounts.admin.deed_admin import DeedAdmin
from registry.models import Crate


@admin.register(Crate)
class CrateAdmin(DeedAdmin):
    for_moderators = True
    list_display = ["name", "default_version", "num_versions", "updated_at", "trustpub_only"]
    search_fields = ["name", "canonical_name"]
