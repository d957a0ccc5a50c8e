"""What administrators see of trusted publishing."""

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ActionForm
from django.db.models import QuerySet
from django.http import HttpRequest

from accounts.admin import AnyModelAdmin, ReadOnlyAdmin
from registry.actors import Person
from trustpub.models import (
    BlockedSource,
    ExchangeRefusal,
    Issuer,
    KeySetRow,
    PendingPublisher,
    Publisher,
    PublishToken,
    Reader,
    SwitchedOff,
)
from trustpub.operations.blocks import block, unblock
from trustpub.operations.pending import delete_pending
from trustpub.operations.publishers import delete_publisher
from trustpub.operations.switches import set_issuer_state, switch_off, switch_on

if TYPE_CHECKING:
    IssuerModelForm = forms.ModelForm[Issuer]
else:
    # Generic for the type checker alone.
    IssuerModelForm = forms.ModelForm


class IssuerForm(IssuerModelForm):
    """The one thing to change, and why."""

    reason = forms.CharField(max_length=255, help_text="for the audit log")

    class Meta:
        model = Issuer
        fields = ("state",)


@admin.register(Issuer)
class IssuerAdmin(ReadOnlyAdmin):
    """`trust_issuer` adds issuers; here they are stopped and opened again."""

    form = IssuerForm
    fields = ["name", "provider", "url", "web_url", "organization", "algorithms", "state", "reason"]
    readonly_fields = ["name", "provider", "url", "web_url", "organization", "algorithms"]
    list_display = ["name", "provider", "url", "organization", "state"]

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return AnyModelAdmin.has_change_permission(self, request, obj)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        set_issuer_state(
            actor=Person(request.user),  # type: ignore[arg-type]
            issuer=obj,
            state=form.cleaned_data["state"],
            reason=form.cleaned_data["reason"],
        )


@admin.register(SwitchedOff)
class SwitchedOffAdmin(AnyModelAdmin):
    """Adding a row switches something off, deleting it switches it on."""

    list_display = ["name", "spares_tokens", "reason", "at"]

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        row = switch_off(
            actor=Person(request.user),  # type: ignore[arg-type]
            name=obj.name,
            reason=obj.reason,
            spares_tokens=obj.spares_tokens,
        )
        obj.pk = row.pk

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        switch_on(actor=Person(request.user), name=obj.name)  # type: ignore[arg-type]

    def delete_queryset(self, request: HttpRequest, queryset: Any) -> None:
        for obj in queryset:
            self.delete_model(request, obj)


@admin.register(BlockedSource)
class BlockedSourceAdmin(AnyModelAdmin):
    """Adding a row blocks somebody, deleting it lets them go on."""

    list_display = ["issuer", "repository_id", "owner_id", "reason", "at"]
    list_select_related = ["issuer"]
    search_fields = ["repository_id", "owner_id", "reason"]

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        block(actor=Person(request.user), source=obj)  # type: ignore[arg-type]

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        unblock(actor=Person(request.user), source=obj)  # type: ignore[arg-type]

    def delete_queryset(self, request: HttpRequest, queryset: Any) -> None:
        for obj in queryset:
            self.delete_model(request, obj)


@admin.register(KeySetRow)
class KeySetAdmin(ReadOnlyAdmin):
    list_display = ["url", "fetched_at", "attempted_at", "error"]


class ReasonForm(ActionForm):
    """Beside the choice of an action."""

    reason = forms.CharField(
        max_length=255, required=False, help_text="for the audit log and for whom it concerns"
    )


class DeletedWithReason(ReadOnlyAdmin):
    """Rows that an administrator may delete, but not without saying why."""

    action_form = ReasonForm
    actions = ["delete_with_reason"]

    @admin.action(description="Delete, with a reason", permissions=["rule"])
    def delete_with_reason(self, request: HttpRequest, queryset: "QuerySet[Any]") -> None:
        reason = request.POST.get("reason", "").strip()[:255]
        if not reason:
            self.message_user(request, "Say why: fill in the reason.", messages.ERROR)
            return
        rows = list(queryset)
        for row in rows:
            self.delete_row(Person(request.user), row, reason)  # type: ignore[arg-type]
        self.message_user(request, f"Deleted: {len(rows)}.", messages.SUCCESS)

    def has_rule_permission(self, request: HttpRequest) -> bool:
        """Who may look at rows may not yet end them."""
        return bool(request.user.is_superuser)

    def delete_row(self, actor: Person, row: Any, reason: str) -> None:
        raise NotImplementedError


@admin.register(Publisher)
class PublisherAdmin(DeletedWithReason):
    list_display = ["repository", "issuer", "state", "pinned_at", "last_verified_at"]
    list_select_related = ["issuer"]
    list_filter = ["state", "issuer"]
    search_fields = ["repository", "repository_id", "crates__name"]

    def delete_row(self, actor: Person, row: Any, reason: str) -> None:
        delete_publisher(actor=actor, publisher=row, reason=reason)


@admin.register(PendingPublisher)
class PendingPublisherAdmin(DeletedWithReason):
    list_display = ["crate_name", "owner", "team", "repository", "issuer", "expires_at"]
    list_select_related = ["issuer", "owner", "team"]
    search_fields = ["crate_name", "owner__login", "repository"]

    def delete_row(self, actor: Person, row: Any, reason: str) -> None:
        delete_pending(actor=actor, pending_id=row.pk, reason=reason)


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
