"""Second factors, without their secrets."""

from allauth.mfa.models import Authenticator
from django.contrib import admin

from accounts.admin.base import ReadOnlyAdmin

# allauth's own shows the secrets and lets them be changed.
admin.site.unregister(Authenticator)


@admin.register(Authenticator)
class AuthenticatorAdmin(ReadOnlyAdmin):
    list_display = ("user", "type", "created_at", "last_used_at")
    list_select_related = ("user",)
    exclude = ("data",)
