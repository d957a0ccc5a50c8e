"""Reporting a crate to the moderators."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render

from accounts.errors import Refusal
from accounts.pages.private import SignedInRequest, private
from registry.models import Crate, Report
from registry.models.report import LONGEST_REPORT
from registry.operations.reports import report
from registry.queries.lookup import crate_named


@private("GET", "HEAD", "POST")
def crate_report(request: SignedInRequest, name: str) -> HttpResponse:
    crate = crate_named(name)
    if request.method != "POST":
        return _page(request, crate, {"num": request.GET.get("version", "")[:150]})
    # PostgreSQL stores no NUL, and browsers end lines with two characters.
    sent = {
        field: request.POST.get(field, "").replace("\0", "").replace("\r\n", "\n").strip()
        for field in ("category", "num", "text")
    }
    try:
        report(user=request.user, crate=crate, **sent)
    except Refusal as refusal:
        return _page(request, crate, sent, refusal)
    messages.success(request, "Thank you. The moderators have been told, and you will hear.")
    return redirect("crate", crate.name)


def _page(
    request: SignedInRequest, crate: Crate, sent: dict[str, str], refusal: Refusal | None = None
) -> HttpResponse:
    context = {
        "crate": crate,
        "sent": sent,
        "refusal": refusal,
        "categories": Report.Category.choices,
        "longest": LONGEST_REPORT,
        "open_report": Report.objects.open()
        .filter(reporter=request.user, crate_name=crate.name)
        .first(),
        "has_address": request.user.verified_email() is not None,
    }
    answer = render(
        request, "registry/crate_report.html", context, status=refusal.status if refusal else 200
    )
    for header, value in (refusal.headers if refusal else {}).items():
        answer[header] = value
    return answer
