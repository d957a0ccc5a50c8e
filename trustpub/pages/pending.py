"""Pending publishers: registered here, made real by a first publish."""

from datetime import timedelta

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render

from accounts.errors import NotFound, Refusal
from accounts.pages.fresh import fresh
from accounts.pages.private import SignedInRequest, private
from registry.actors import Person
from trustpub.errors import InvalidPublisher, NotInThatState
from trustpub.operations.pending import cancel, register, resume_pending, suspend_pending
from trustpub.pages.prefill import crate_name_in
from trustpub.pages.publisher_form import PublisherForm, empty_form, sent_form
from trustpub.queries.issuers import visible_issuers
from trustpub.queries.pending import pending_cards

NO_NAME = "Name at least one crate."


@private("GET", "HEAD")
def pending_publishers(request: SignedInRequest) -> HttpResponse:
    context = {"cards": pending_cards(request.user), "tab": "publishers"}
    return render(request, "trustpub/pending_publishers.html", context)


@private("GET", "HEAD", "POST")
@fresh
def pending_new(request: SignedInRequest) -> HttpResponse:
    """Also where the link in a refused exchange leads; a GET changes nothing."""
    if request.method == "POST":
        return _register(request)
    return _page(request, empty_form(visible_issuers(request.user), request.GET.dict()))


@private("POST")
def pending_cancel(request: SignedInRequest, pending_id: int) -> HttpResponse:
    cancel(owner=request.user, pending_id=pending_id)
    messages.success(request, "The pending publisher is gone.")
    return redirect("pending_publishers")


@private("POST")
@fresh
def pending_action(request: SignedInRequest, pending_id: int, action: str) -> HttpResponse:
    deed = {"suspend": suspend_pending, "resume": resume_pending}.get(action)
    if deed is None:
        raise NotFound
    try:
        pending = deed(owner=request.user, pending_id=pending_id)
    except NotInThatState as refusal:
        messages.error(request, refusal.detail)
        return redirect("pending_publishers")
    done = "founds nothing until you resume it" if pending.suspended_at else "is active again"
    messages.success(request, f"The pending publisher of {pending.crate_name} {done}.")
    return redirect("pending_publishers")


def crate_names(text: str) -> list[str]:
    """Each name once, as typed between blanks, commas and line ends."""
    return list(dict.fromkeys(text.replace(",", " ").split()))


def _register(request: SignedInRequest) -> HttpResponse:
    form = sent_form(visible_issuers(request.user), request.POST.dict())
    names = crate_names(request.POST.get("names", ""))
    if not names:
        return _page(request, form, 400, name_error=NO_NAME)
    try:
        register(
            actor=Person(request.user),
            owner=request.user,
            names=names,
            issuer=form.required_issuer(),
            form=form.tidied(),
            rules=form.rules,
            team=request.POST.get("team", "").strip(),
            lifetime=_lifetime(request.POST.get("days", "")),
        )
    except Refusal as refusal:
        return _page(request, form.refused(refusal), refusal.status)
    messages.success(
        request,
        f"Registered for {', '.join(names)}. The first publish from this workflow makes it real.",
    )
    return redirect("pending_publishers")


def _lifetime(days: str) -> timedelta | None:
    """None where nothing is typed: the registry's usual; raises InvalidPublisher."""
    text = days.strip()
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 4):
        raise InvalidPublisher("The days that it waits must be a number from 1 to 90.")
    return timedelta(days=int(text))


def _name_of(form: PublisherForm) -> str:
    """What the new crate is called most likely: as the repository that a link names."""
    return crate_name_in(form.issuer, form.values) if form.issuer and form.from_link else ""


def _page(
    request: SignedInRequest, form: PublisherForm, status: int = 200, name_error: str = ""
) -> HttpResponse:
    context = {
        "form": form,
        "names": request.POST.get("names", _name_of(form)),
        "name_error": name_error,
        "team": request.POST.get("team", ""),
        "wanted_days": request.POST.get("days", ""),
        "holds_names": bool(settings.HELD_NAMES),
        "days": settings.PENDING_PUBLISHER_LIFETIME.days,
        "tab": "publishers",
    }
    return render(request, "trustpub/pending_new.html", context, status=status)
