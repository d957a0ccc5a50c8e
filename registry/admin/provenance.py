"""Which CI job or token published what."""

from django.contrib import admin

from accounts.admin.base import ReadOnlyAdmin
from registry.models import Provenance


@admin.register(Provenance)
class ProvenanceAdmin(ReadOnlyAdmin):
    for_moderators = True
    list_display = ["version", "kind", "repository", "workflow", "sha", "run_id"]
    list_select_related = ["version__crate"]
    list_filter = ["kind", "provider"]
    search_fields = ["version__crate__name", "repository", "sha", "run_id"]
