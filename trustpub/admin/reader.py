"""CI jobs that only read."""

from django.contrib import admin

from accounts.admin.base import ReadOnlyAdmin
from trustpub.models import Reader


@admin.register(Reader)
class ReaderAdmin(ReadOnlyAdmin):
    list_display = ["owner", "repository", "issuer", "owner_id", "repository_id", "last_used_at"]
    list_select_related = ["issuer"]
