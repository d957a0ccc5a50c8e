"""The audit log: searched, filtered, exported."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, StreamingHttpResponse

from accounts.admin.base import ReadOnlyAdmin
from accounts.models import AuditEvent
from accounts.queries.audit_events import json_line


@admin.register(AuditEvent)
class AuditEventAdmin(ReadOnlyAdmin):
    for_moderators = True
    list_display = ("at", "name", "actor_label", "crate", "subject", "reason", "address")
    list_filter = ("at", "actor_kind", "name")
    search_fields = ("crate", "subject", "actor_label", "name", "request_id", "address")
    search_help_text = "crate, subject, who did it, event, request id or address"
    date_hierarchy = "at"
    actions = ("export",)

    @admin.display(description="reason")
    def reason(self, event: AuditEvent) -> str:
        return str(event.after.get("reason", ""))[:80]

    @admin.action(description="Export as JSON lines", permissions=["view"])
    def export(self, request: HttpRequest, queryset: QuerySet[AuditEvent]) -> StreamingHttpResponse:
        """What is selected; "select all" takes everything that the search and filters leave."""
        lines = (f"{json_line(event)}\n" for event in queryset.order_by("pk").iterator())
        return StreamingHttpResponse(
            lines,
            content_type="application/x-ndjson",
            headers={"Content-Disposition": 'attachment; filename="audit.jsonl"'},
        )
