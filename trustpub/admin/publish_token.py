"""Publish tokens, without their digests."""

from django.contrib import admin

from accounts.admin.base import ReadOnlyAdmin
from trustpub.models import PublishToken


@admin.register(PublishToken)
class PublishTokenAdmin(ReadOnlyAdmin):
    list_display = ["pk", "issuer", "issued_at", "expires_at", "use_count", "revoked_at"]
    list_select_related = ["issuer"]
    exclude = ["digest"]
