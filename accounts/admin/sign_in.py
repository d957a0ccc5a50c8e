"""How people sign in: addresses and accounts elsewhere, to look at."""

from allauth.account.models import EmailAddress
from allauth.socialaccount.models import SocialAccount, SocialApp, SocialToken
from django.contrib import admin
from django.contrib.auth.models import Group

from accounts.admin.base import ReadOnlyAdmin

# Theirs let an administrator change whose account a sign-in opens, and no event would tell of it.
for _model in (EmailAddress, SocialAccount, SocialApp, SocialToken, Group):
    admin.site.unregister(_model)


@admin.register(EmailAddress)
class EmailAddressAdmin(ReadOnlyAdmin):
    list_display = ("email", "user", "verified", "primary")
    list_select_related = ("user",)
    search_fields = ("email", "user__login")


@admin.register(SocialAccount)
class SocialAccountAdmin(ReadOnlyAdmin):
    list_display = ("user", "provider", "uid", "last_login")
    list_select_related = ("user",)
    search_fields = ("user__login", "uid")
    exclude = ("extra_data",)
