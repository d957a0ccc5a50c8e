"""Who was asked to own a crate."""

from django.contrib import admin

from accounts.admin.base import ReadOnlyAdmin
from registry.models import Invitation


@admin.register(Invitation)
class InvitationAdmin(ReadOnlyAdmin):
    for_moderators = True
    list_display = ["crate", "invitee", "inviter", "created_at", "expires_at"]
    list_select_related = ["crate", "invitee", "inviter"]
    search_fields = ["crate__name", "invitee__login", "inviter__login"]
    exclude = ["digest"]
