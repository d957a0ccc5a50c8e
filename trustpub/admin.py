"""What administrators see of trusted publishing."""

from django.contrib import admin

from accounts.admin import ReadOnlyAdmin
from trustpub.models import (
    ExchangeRefusal,
    Issuer,
    KeySetRow,
    PendingPublisher,
    Publisher,
    PublishToken,
    Reader,
)


@admin.register(Issuer)
class IssuerAdmin(ReadOnlyAdmin):
    list_display = ["name", "provider", "url", "web_url", "state"]


@admin.register(KeySetRow)
class KeySetAdmin(ReadOnlyAdmin):
    list_display = ["url", "fetched_at", "attempted_at", "error"]


@admin.register(Publisher)
class PublisherAdmin(ReadOnlyAdmin):
    list_display = ["repository", "issuer", "state", "pinned_at", "last_verified_at"]
    list_select_related = ["issuer"]
    list_filter = ["state", "issuer"]
    search_fields = ["repository", "repository_id", "crates__name"]


@admin.register(PendingPublisher)
class PendingPublisherAdmin(ReadOnlyAdmin):
    list_display = ["crate_name", "owner", "repository", "issuer", "expires_at"]
    list_select_related = ["issuer", "owner"]
    search_fields = ["crate_name", "owner__login", "repository"]


@admin.register(Reader)
class ReaderAdmin(ReadOnlyAdmin):
    list_display = ["owner", "repository", "issuer", "owner_id", "repository_id", "last_used_at"]
    list_select_related = ["issuer"]


@admin.register(PublishToken)
class PublishTokenAdmin(ReadOnlyAdmin):
    list_display = ["pk", "issuer", "issued_at", "expires_at", "use_count", "revoked_at"]
    list_select_related = ["issuer"]
    exclude = ["digest"]


@admin.register(ExchangeRefusal)
class ExchangeRefusalAdmin(ReadOnlyAdmin):
    list_display = ["at", "code", "issuer", "detail", "request_id"]
    list_select_related = ["issuer"]
    list_filter = ["code"]
    search_fields = ["request_id", "detail"]
