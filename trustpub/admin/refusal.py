"""Exchanges that were refused."""

from django.contrib import admin

from accounts.admin.base import ReadOnlyAdmin
from trustpub.models import ExchangeRefusal


@admin.register(ExchangeRefusal)
class ExchangeRefusalAdmin(ReadOnlyAdmin):
    list_display = ["at", "code", "issuer", "detail", "request_id"]
    list_select_related = ["issuer"]
    list_filter = ["code"]
    search_fields = ["request_id", "detail"]
