"""Deleting a crate: what it means, whether it can be done, and the name typed once more."""

from datetime import timedelta

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render

from accounts.errors import Refusal
from accounts.pages.fresh import fresh
from accounts.pages.private import SignedInRequest, private
from registry.actors import Person
from registry.errors import CannotDelete
from registry.models import Crate
from registry.operations.delete import (
    DOWNLOADS_PER_MONTH,
    FREE_PERIOD,
    NAME_HELD,
    check_unused,
    delete_crate,
)
from registry.pages.owners import owned_crate

LONGEST_REASON = 255
HOUR = timedelta(hours=1)


@private("GET", "HEAD", "POST")
@fresh
def crate_delete(request: SignedInRequest, name: str) -> HttpResponse:
    crate = owned_crate(request, name)
    if request.method != "POST":
        return _page(request, crate)
    typed = request.POST.get("name", "").strip()
    # PostgreSQL stores no NUL.
    reason = request.POST.get("reason", "").replace("\0", "").strip()
    if typed != crate.name:
        problem = f"Type the name as it is spelled: {crate.name}"
        return _page(request, crate, 400, {"name_problem": problem, "reason": reason})
    if len(reason) > LONGEST_REASON:
        problem = f"Give a reason of at most {LONGEST_REASON} characters."
        return _page(request, crate, 400, {"reason_problem": problem, "reason": reason})
    try:
        delete_crate(actor=Person(request.user), crate=crate, message=reason)
    except Refusal as refusal:
        return _page(request, crate, refusal.status)
    messages.success(request, f"{crate.name} and all its versions are deleted.")
    return redirect("dashboard")


def _page(
    request: SignedInRequest,
    crate: Crate,
    status: int = 200,
    problem: dict[str, str] | None = None,
) -> HttpResponse:
    context = {
        "crate": crate,
        "obstacle": _obstacle(crate),
        "free_hours": FREE_PERIOD // HOUR,
        "downloads": DOWNLOADS_PER_MONTH,
        "hours_held": NAME_HELD // HOUR,
        **(problem or {}),
    }
    return render(request, "registry/crate_delete.html", context, status=status)


def _obstacle(crate: Crate) -> str:
    try:
        check_unused(crate)
    except CannotDelete as refusal:
        return refusal.detail
    return ""
