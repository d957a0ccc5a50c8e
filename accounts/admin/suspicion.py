"""Suspicious patterns."""

from django.contrib import admin

from accounts.admin.deed_admin import DeedAdmin
from accounts.admin.look_at import LookAt, Waiting
from accounts.models import Suspicion
from accounts.operations.suspicions import look_at


@admin.register(Suspicion)
class SuspicionAdmin(DeedAdmin):
    for_moderators = True
    deeds = (LookAt(lambda actor, row: look_at(actor=actor, suspicion=row)),)
    list_display = ("user", "kind", "subject", "detail", "at", "looked_at_by")
    list_select_related = ("user", "looked_at_by")
    list_filter = (Waiting, "kind")
    search_fields = ("user__login", "subject")
    ordering = ("-at",)
