"""Issuers: their keys, what was refused, and stopping them."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Q, Sum
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.utils import timezone

from accounts.admin.base import ReadOnlyAdmin
from accounts.admin.deed_admin import DeedAdmin
from accounts.admin.deeds import Deed, DeedForm
from accounts.powers import Power
from trustpub.models import Issuer, KeySetRow
from trustpub.operations.strangers import strangers
from trustpub.operations.switches import set_issuer_state
from trustpub.queries.cockpit import DAYS, effect_of, keys_of, refusals_by_code, switches
from trustpub.queries.unknown_claims import announced_by, still_unknown


class StateForm(DeedForm):
    state = forms.ChoiceField(choices=Issuer.State.choices)


class SetState(Deed):
    name = "state"
    title = "Open or shut"
    about = "Shut, its jobs exchange nothing; with no new publishers, those that are there work on."
    form = StateForm
    power = Power.ADMINISTER
    is_severe = True

    def hold(self, row: Issuer) -> None:
        Issuer.objects.select_for_update().get(pk=row.pk)

    def effects(self, row: Issuer, data: Mapping[str, Any]) -> list[str]:
        after = Issuer.State(data["state"])
        stops = effect_of(Issuer.objects.filter(pk=row.pk)).in_words()
        return [
            f"{after.label} instead of {row.get_state_display()}",
            *(stops if after is Issuer.State.DISABLED else []),
        ]

    def do(self, actor: Any, row: Issuer, data: Mapping[str, Any]) -> None:
        set_issuer_state(actor=actor, issuer=row, state=data["state"], reason=data["reason"])


@admin.register(Issuer)
class IssuerAdmin(DeedAdmin):
    """`trust_issuer` adds issuers; here they are watched, stopped and opened again."""

    deeds = (SetState(),)
    change_list_template = "admin/trustpub/issuer/change_list.html"
    change_form_template = "admin/trustpub/issuer/change_form.html"
    fields = ("name", "provider", "url", "web_url", "organization", "algorithms", "state")
    list_display = ("name", "url", "state", "keys_loaded", "keys", "problem", "refused", "unknown")

    def get_queryset(self, request: HttpRequest) -> Any:
        """Three queries, however many issuers."""
        recent = Q(refusals__at__gte=timezone.now() - timedelta(days=DAYS))
        rows = super().get_queryset(request).prefetch_related("key_sets", "unknown_claims")
        return rows.annotate(refused=Coalesce(Sum("refusals__count", filter=recent), 0))

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> Any:
        cockpit = {
            "switches": switches(),
            "refusals": refusals_by_code(),
            "strangers": strangers(),
            "may_switch": Power.ADMINISTER.is_held_by(request.user),
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
                "announced": announced_by(issuer, issuer.key_sets.order_by("url")),
                "unknown_claims": still_unknown(issuer, issuer.unknown_claims.all()),
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

    @admin.display(description="unknown claims")
    def unknown(self, issuer: Issuer) -> int:
        return len(still_unknown(issuer, issuer.unknown_claims.all()))


@admin.register(KeySetRow)
class KeySetAdmin(ReadOnlyAdmin):
    list_display = ("url", "fetched_at", "attempted_at", "error")
