"""Adding and removing the publishers of a crate."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render

from accounts.errors import NotFound, Refusal
from accounts.pages.fresh import fresh
from accounts.pages.private import SignedInRequest, private
from registry.actors import Person
from registry.models import Crate
from registry.pages.owners import owned_crate
from trustpub.models import Issuer, PublisherCrate
from trustpub.models.issuer import IssuerQuerySet
from trustpub.operations.about import read_about
from trustpub.operations.publishers import add_publisher, remove_publisher
from trustpub.operations.team_publishers import add_for_team
from trustpub.pages.publisher_form import (
    PublisherForm,
    empty_form,
    form_of_event,
    sent_form,
)
from trustpub.queries.refusals import refusal_for
from trustpub.queries.teams import teams_with_crates

ALL_HAVE_IT = "All crates of the team have this publisher already."


@private("GET", "HEAD", "POST")
@fresh
def publisher_new(request: SignedInRequest, name: str) -> HttpResponse:
    """A GET fills the form and changes nothing, whatever the link says."""
    crate = owned_crate(request, name)
    if request.method == "POST":
        return _add(request, crate)
    if crate.name != name:
        return redirect("publisher_new", crate.name)
    event = refusal_for(crate, request.GET.get("from_event", ""))
    if event:
        return _page(request, crate, form_of_event(_offered(crate), event))
    query = request.GET.dict()
    return _page(request, crate, empty_form(_offered(crate), query, repository=crate.repository))


@private("POST")
def publisher_remove(request: SignedInRequest, name: str, grant_id: int) -> HttpResponse:
    crate = owned_crate(request, name)
    grant = crate.publisher_grants.select_related("publisher__issuer").filter(pk=grant_id).first()
    if grant is None:
        raise NotFound
    label = str(grant.publisher)
    remove_publisher(actor=Person(request.user), grant_id=grant_id)
    messages.success(request, f"{label} can no longer publish {crate.name}.")
    return redirect("crate_settings", crate.name)


def _add(request: SignedInRequest, crate: Crate) -> HttpResponse:
    form = sent_form(_offered(crate), request.POST.dict())
    if team := request.POST.get("team", ""):
        return _add_for_team(request, crate, form, team)
    try:
        grant = add_publisher(
            actor=Person(request.user),
            crate=crate,
            issuer=form.required_issuer(),
            form=form.tidied(),
            rules=form.rules,
            about=read_about(form.about),
        )
    except Refusal as refusal:
        return _page(request, crate, form.refused(refusal), refusal.status)
    messages.success(request, f"{grant.publisher} {_said(grant)}.")
    return redirect("publisher_check", crate.name, grant.pk)


def _add_for_team(
    request: SignedInRequest, crate: Crate, form: PublisherForm, team: str
) -> HttpResponse:
    """To each crate of a team that owns this one; all or none."""
    try:
        added = add_for_team(
            actor=Person(request.user),
            team=team,
            issuer=form.required_issuer(),
            form=form.tidied(),
            rules=form.rules,
            about=read_about(form.about),
        )
    except Refusal as refusal:
        return _page(request, crate, form.refused(refusal), refusal.status)
    names = ", ".join(grant.crate.name for grant in added)
    said = f"{added[0].publisher} is added to {names}." if added else ALL_HAVE_IT
    messages.success(request, said)
    here = next((grant for grant in added if grant.crate_id == crate.pk), None)
    if here is None:
        return redirect("crate_settings", crate.name)
    return redirect("publisher_check", crate.name, here.pk)


def _said(grant: PublisherCrate) -> str:
    if grant.needs_consent:
        return f"can publish {grant.crate.name} once another owner agrees"
    if not grant.has_begun():
        return f"can publish {grant.crate.name} from {grant.active_from:%d %b %Y %H:%M} UTC"
    return f"can now publish {grant.crate.name}"


def _offered(crate: Crate) -> IssuerQuerySet:
    return Issuer.objects.open_for_publishers().for_crate(crate)


def _page(
    request: SignedInRequest, crate: Crate, form: PublisherForm, status: int = 200
) -> HttpResponse:
    context = {
        "crate": crate,
        "form": form,
        "teams": teams_with_crates(crate),
        "team": request.POST.get("team", ""),
    }
    return render(request, "trustpub/publisher_new.html", context, status=status)
