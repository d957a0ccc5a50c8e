"""New crates, those that look like others first."""

from django.contrib import admin
from django.urls import reverse
from django.utils.html import format_html

from accounts.admin.deed_admin import DeedAdmin
from accounts.admin.look_at import LookAt, Waiting
from registry.admin.deeds import Deed
from registry.models import CrateReview
from registry.operations.reviews import look_at


class LookAtCrate(Deed, LookAt):
    """By an actor whom the policies of crates know."""


@admin.register(CrateReview)
class CrateReviewAdmin(DeedAdmin):
    for_moderators = True
    deeds = (LookAtCrate(lambda actor, row: look_at(actor=actor, review=row)),)
    list_display = ("crate", "score", "looks_like", "owners", "created_at", "page")
    list_select_related = ("crate", "looked_at_by")
    list_filter = (Waiting,)
    search_fields = ("crate__name", "resembles")
    ordering = ("-score", "created_at")

    @admin.display(description="looks like")
    def looks_like(self, row: CrateReview) -> str:
        if not row.resembles:
            return "nothing"
        address = reverse("crate", args=[row.resembles])
        return format_html('<a href="{}">{}</a>: {}', address, row.resembles, row.why)

    @admin.display(description="owners")
    def owners(self, row: CrateReview) -> str:
        return ", ".join(str(one.user or one.team) for one in row.crate.ownerships.all())

    @admin.display(description="page")
    def page(self, row: CrateReview) -> str:
        address = reverse("crate", args=[row.crate.name])
        return format_html('<a href="{}">{}</a>', address, "open")

    def get_queryset(self, request):  # type: ignore[no-untyped-def]
        rows = super().get_queryset(request)
        return rows.prefetch_related("crate__ownerships__user", "crate__ownerships__team")
