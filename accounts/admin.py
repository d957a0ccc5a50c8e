"""What administrators see of people; they look, and change through actions that say why."""

from typing import TYPE_CHECKING, Any

from allauth.mfa.models import Authenticator
from django import forms
from django.contrib import admin
from django.contrib.admin.forms import AdminAuthenticationForm
from django.http import HttpRequest

from accounts.errors import Refusal
from accounts.models import ApiToken, AuditEvent, User
from accounts.operations.second_factor import check_code
from accounts.queries.second_factor import has_second_factor

if TYPE_CHECKING:
    AnyModelAdmin = admin.ModelAdmin[Any]
else:
    # Generic for the type checker alone.
    AnyModelAdmin = admin.ModelAdmin


class ReadOnlyAdmin(AnyModelAdmin):
    """Rows are shown as they are; operations change them."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(User)
class UserAdmin(ReadOnlyAdmin):
    list_display = ["login", "github_id", "name", "created_at", "locked_at", "is_staff"]
    search_fields = ["login", "name", "email"]
    exclude = ["password"]


@admin.register(ApiToken)
class ApiTokenAdmin(ReadOnlyAdmin):
    list_display = ["user", "name", "created_at", "expires_at", "last_used_at", "revoked_at"]
    list_select_related = ["user"]
    search_fields = ["user__login", "name"]
    exclude = ["digest"]


@admin.register(AuditEvent)
class AuditEventAdmin(ReadOnlyAdmin):
    list_display = ["at", "name", "actor_label", "crate", "subject", "address"]
    list_filter = ["name", "actor_kind"]
    search_fields = ["crate", "subject", "actor_label", "request_id"]
    date_hierarchy = "at"


# allauth's own shows the secrets and lets them be changed.
admin.site.unregister(Authenticator)


@admin.register(Authenticator)
class AuthenticatorAdmin(ReadOnlyAdmin):
    list_display = ["user", "type", "created_at", "last_used_at"]
    list_select_related = ["user"]
    exclude = ["data"]


class SignInForm(AdminAuthenticationForm):
    """A password is not enough for an account with a second factor."""

    code = forms.CharField(
        label="Code of the authenticator app, if the account has one", max_length=40, required=False
    )

    def confirm_login_allowed(self, user: User) -> None:
        super().confirm_login_allowed(user)
        if has_second_factor(user):
            try:
                check_code(user=user, code=self.data.get("code", "")[:40])
            except Refusal as refusal:
                raise forms.ValidationError(refusal.detail) from None


admin.site.login_form = SignInForm
admin.site.login_template = "admin/sign_in.html"
