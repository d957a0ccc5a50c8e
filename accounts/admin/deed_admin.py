"""The pages of deeds: a form, what would change, and what has changed."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, ClassVar

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import redirect, render
from django.urls import URLPattern, path, reverse

from accounts.admin.base import ReadOnlyAdmin
from accounts.admin.deeds import MAX_ROWS, Deed, DeedForm, Outcome, Verdict, carry_out, preview
from accounts.pages.fresh import fresh

TOO_MANY = f"Choose at most {MAX_ROWS} at once, so that you can read what would change."


class DeedAdmin(ReadOnlyAdmin):
    """Rows with what can be done about them, in bulk from the list or from a row's own page."""

    deeds: ClassVar[Sequence[Deed]] = ()
    change_list_template = "admin/deeds_list.html"
    change_form_template = "admin/deeds_row.html"

    def deeds_for(self, request: HttpRequest) -> list[Deed]:
        return [deed for deed in self.deeds if deed.power.is_held_by(request.user)]

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(fresh(self.deed_view))
        name = f"{self.opts.app_label}_{self.opts.model_name}_deed"
        return [path("deeds/<slug:name>/", view, name=name), *super().get_urls()]

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Those on rows, in the menu above the list; the menu only leads to the form."""
        actions: dict[str, Any] = super().get_actions(request)
        for deed in self.deeds_for(request):
            if deed.to_rows:
                actions[deed.name] = (self._chooser(deed), deed.name, deed.title)
        return actions

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> Any:
        links = [
            (deed.title, self.address_of(deed))
            for deed in self.deeds_for(request)
            if not deed.to_rows
        ]
        return super().changelist_view(request, {**(extra_context or {}), "deed_links": links})

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        links = [
            (deed.title, self.address_of(deed, [object_id]))
            for deed in self.deeds_for(request)
            if deed.to_rows
        ]
        extra = {**(extra_context or {}), "deed_links": links}
        return super().change_view(request, object_id, form_url, extra)

    def address_of(self, deed: Deed, keys: Sequence[object] = ()) -> str:
        name = f"admin:{self.opts.app_label}_{self.opts.model_name}_deed"
        query = QueryDict(mutable=True)
        query.setlist("row", [str(key) for key in keys])
        return reverse(name, args=[deed.name]) + (f"?{query.urlencode()}" if keys else "")

    def deed_view(self, request: Any, name: str) -> HttpResponseBase:
        """GET changes nothing; a POST shows what would change, and with `confirm` changes it."""
        deed = next((deed for deed in self.deeds if deed.name == name), None)
        if deed is None:
            raise Http404
        if not deed.power.is_held_by(request.user):
            raise PermissionDenied
        sent = request.POST if request.method == "POST" else request.GET
        seen = _rows_named(sent, deed)
        if len(seen) > MAX_ROWS:
            messages.error(request, TOO_MANY)
            return redirect(self._list_address())
        if not seen:
            messages.error(request, "Choose at least one row.")
            return redirect(self._list_address())
        # A link may fill in the form.
        form = deed.form(request.POST if request.method == "POST" else None, initial=sent.dict())
        if request.method != "POST" or not form.is_valid():
            return self._page(request, deed, form, rows=self._rows(request, seen))
        data = form.cleaned_data
        if "confirm" in request.POST:
            done = carry_out(deed, request.user, self.get_queryset(request), seen, data)
            return self._page(request, deed, form, report=done)
        rows = self._rows(request, seen)
        return self._page(request, deed, form, plan=preview(deed, request.user, rows, data))

    def _rows(self, request: HttpRequest, seen: dict[str, str]) -> list[Any]:
        if "" in seen:
            return [None]
        return list(self.get_queryset(request).filter(pk__in=list(seen)).order_by("pk"))

    def _page(
        self,
        request: HttpRequest,
        deed: Deed,
        form: DeedForm,
        *,
        rows: Sequence[Any] = (),
        plan: Sequence[Outcome] = (),
        report: Sequence[Outcome] = (),
    ) -> HttpResponse:
        outcomes = report or plan
        counts = [
            (verdict.value, count)
            for verdict in Verdict
            if (count := sum(row.verdict is verdict for row in outcomes))
        ]
        context = {
            **self.admin_site.each_context(request),
            "title": deed.title,
            "opts": self.opts,
            "deed": deed,
            "form": form,
            "told": _told(form) if outcomes else [],
            "rows": rows,
            "plan": plan,
            "report": report,
            "counts": counts,
            "can_confirm": any(row.verdict is Verdict.ALLOWED for row in plan),
            "back": self._list_address(),
            "again": self.address_of(deed, [row.key for row in outcomes if row.key]),
        }
        status = 400 if form.is_bound and not form.is_valid() else 200
        return render(request, "admin/deed.html", context, status=status)

    def _chooser(self, deed: Deed) -> Callable[..., HttpResponse]:
        def choose(admin: Any, request: HttpRequest, rows: QuerySet[Any]) -> HttpResponse:
            keys = list(rows.order_by("pk").values_list("pk", flat=True)[: MAX_ROWS + 1])
            if len(keys) > MAX_ROWS:
                messages.error(request, TOO_MANY)
                return redirect(self._list_address())
            return redirect(self.address_of(deed, keys))

        return choose

    def _list_address(self) -> str:
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist")


def _told(form: DeedForm) -> list[tuple[str, str]]:
    """What was filled in, as somebody reads it."""
    return [
        (str(field.label), _words(field.field, form.cleaned_data[field.name])) for field in form
    ]


def _words(field: Any, value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d}"
    if isinstance(value, tuple):
        return ", ".join(value)
    if isinstance(value, str) and getattr(field, "choices", None):
        return str(dict(field.choices).get(value, value))
    return "–" if value in (None, "") else str(value)


def _rows_named(sent: QueryDict, deed: Deed) -> dict[str, str]:
    """Key -> what its preview showed; one without a key for a deed that is done once."""
    if not deed.to_rows:
        _, _, seen = sent.get("row", "").partition(":")
        return {"": seen}
    named = (value.partition(":") for value in sent.getlist("row"))
    return {key: seen for key, _, seen in named if key.isdecimal() and len(key) < 19}
