"""What was deleted, by whom, and from when on its name is free."""

from django.contrib import admin

from accounts.admin.base import ReadOnlyAdmin
from registry.models import DeletedCrate


@admin.register(DeletedCrate)
class DeletedCrateAdmin(ReadOnlyAdmin):
    for_moderators = True
    list_display = ["name", "deleted_at", "deleted_by", "available_at", "message"]
    list_select_related = ["deleted_by"]
    search_fields = ["name", "canonical_name"]
