"""Issuers: their keys, what was refused, and stopping them."""

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin
from django.db.models import Q, Sum
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.utils import timezone

from accounts.admin.base import AnyModelAdmin, ReadOnlyAdmin
from registry.actors import Person
from trustpub.models import Issuer, KeySetRow
from trustpub.operations.switches import set_issuer_state
from trustpub.queries.cockpit import DAYS, effect_of, keys_of, refusals_by_code, switches

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
    """`trust_issuer` adds issuers; here they are watched, stopped and opened again."""

    form = IssuerForm
    fields = ["name", "provider", "url", "web_url", "organization", "algorithms", "state", "reason"]
    readonly_fields = ["name", "provider", "url", "web_url", "organization", "algorithms"]
    list_display = ["name", "url", "state", "keys_loaded", "keys", "problem", "refused"]

    def get_queryset(self, request: HttpRequest) -> Any:
        """Two queries, however many issuers."""
        recent = Q(refusals__at__gte=timezone.now() - timedelta(days=DAYS))
        rows = super().get_queryset(request).prefetch_related("key_sets")
        return rows.annotate(refused=Coalesce(Sum("refusals__count", filter=recent), 0))

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> Any:
        cockpit = {
            "switches": switches(),
            "refusals": refusals_by_code(),
            "may_switch": request.user.has_perm("trustpub.add_switchedoff"),
        }
        return super().changelist_view(request, {**(extra_context or {}), **cockpit})

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        issuer = self.get_object(request, object_id)
        cockpit = (
            {
                "effect": effect_of(Issuer.objects.filter(pk=issuer.pk)),
                "keys": keys_of(issuer),
                "key_sets": issuer.key_sets.order_by("url"),
                "refusals": refusals_by_code(issuer),
            }
            if issuer
            else {}
        )
        return super().change_view(
            request, object_id, form_url, {**(extra_context or {}), **cockpit}
        )

    @admin.display(description="keys loaded")
    def keys_loaded(self, issuer: Issuer) -> Any:
        loaded = [row.fetched_at for row in issuer.key_sets.all() if row.fetched_at]
        return max(loaded, default=None)

    @admin.display(description="keys")
    def keys(self, issuer: Issuer) -> int:
        return sum(len(row.keys) for row in issuer.key_sets.all())

    @admin.display(description="last error")
    def problem(self, issuer: Issuer) -> str:
        return "; ".join(row.error for row in issuer.key_sets.all() if row.error)

    @admin.display(description="refused in 30 days", ordering="refused")
    def refused(self, issuer: Any) -> int:
        return int(issuer.refused)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return AnyModelAdmin.has_change_permission(self, request, obj)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        set_issuer_state(
            actor=Person(request.user),  # type: ignore[arg-type]
            issuer=obj,
            state=form.cleaned_data["state"],
            reason=form.cleaned_data["reason"],
        )


@admin.register(KeySetRow)
class KeySetAdmin(ReadOnlyAdmin):
    list_display = ["url", "fetched_at", "attempted_at", "error"]
