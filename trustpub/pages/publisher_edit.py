"""Changing a publisher in place, and what one click on its card does."""

from collections.abc import Callable, Mapping

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render

from accounts.errors import NotFound, Refusal
from accounts.pages.fresh import fresh
from accounts.pages.private import SignedInRequest, private
from registry.actors import Actor, Person
from registry.models import Crate
from registry.operations.settings import set_trustpub_only
from registry.pages.owners import owned_crate
from trustpub.models import ExchangeRefusal, Issuer, PublisherCrate
from trustpub.operations import publisher_states as states
from trustpub.operations.about import About, read_about
from trustpub.operations.publishers import add_conditions, edit_publisher
from trustpub.pages.prefill import from_event
from trustpub.pages.publisher_form import PublisherForm, filled_form, sent_form
from trustpub.queries.refusals import refusal_for

Act = Callable[..., PublisherCrate]

ACTIONS: Mapping[str, tuple[Act, str]] = {
    "suspend": (states.suspend, "is suspended: it publishes nothing until you resume it"),
    "resume": (states.resume, "publishes again"),
    "confirm": (states.confirm, "is confirmed"),
    "agree": (states.agree, "publishes with your consent"),
    "renew": (states.renew, "is renewed"),
}


@private("GET", "HEAD", "POST")
@fresh
def publisher_edit(request: SignedInRequest, name: str, grant_id: int) -> HttpResponse:
    """A GET fills the form, from a refused exchange too, and changes nothing."""
    crate = owned_crate(request, name)
    grant = _grant(crate, grant_id)
    if request.method == "POST":
        return _save(request, crate, grant)
    event = refusal_for(crate, request.GET.get("from_event", ""))
    values = from_event(event) if event and event.issuer == grant.publisher.issuer else {}
    return _page(request, crate, grant, filled_form(grant.publisher, values, grant), event=event)


@private("POST")
@fresh
def publisher_action(
    request: SignedInRequest, name: str, grant_id: int, action: str
) -> HttpResponse:
    crate = owned_crate(request, name)
    grant = _grant(crate, grant_id)
    actor = Person(request.user)
    try:
        said = _act(actor, grant, action)
    except NotFound:
        raise
    except Refusal as refusal:
        messages.error(request, refusal.detail)
    else:
        messages.success(request, said)
    return redirect("crate_settings", crate.name)


@private("POST")
@fresh
def crate_ci_only(request: SignedInRequest, name: str) -> HttpResponse:
    """Whether only CI publishes the crate: on at once, off after a delay."""
    crate = owned_crate(request, name)
    wanted = request.POST.get("state")
    if wanted not in ("on", "off"):
        raise NotFound
    crate = set_trustpub_only(actor=Person(request.user), crate=crate, trustpub_only=wanted == "on")
    if wanted == "on":
        said = f"New versions of {crate.name} come from its publishers alone."
    elif crate.trustpub_only_ends_at:
        said = f"API tokens publish again from {crate.trustpub_only_ends_at:%d %b %Y %H:%M} UTC."
    elif crate.trustpub_only:
        said = "Another owner has to agree. All owners are told."
    else:
        said = "API tokens publish again."
    messages.success(request, said)
    return redirect("crate_settings", crate.name)


def _act(actor: Actor, grant: PublisherCrate, action: str) -> str:
    narrowing = _narrowing(grant, action)
    if narrowing is not None:
        grant = add_conditions(actor=actor, grant_id=grant.pk, rules=narrowing)
        return f"{grant.publisher} is stricter now."
    if action not in ACTIONS:
        raise NotFound
    act, said = ACTIONS[action]
    grant = act(actor=actor, grant_id=grant.pk)
    return f"{grant.publisher} {said}."


def _narrowing(grant: PublisherCrate, action: str) -> dict[str, object] | None:
    """What one click adds to the rules; None if the action is another."""
    match action:
        case "tags-only":
            return {"refs": "tags"}
        case "hosted-only":
            return {"runner": "hosted"}
        case "name-environment":
            environment = grant.publisher.seen.get("environment")
            if not environment:
                raise NotFound
            return {"environment_name": environment}
    return None


def _grant(crate: Crate, grant_id: int) -> PublisherCrate:
    grants = crate.publisher_grants.select_related("publisher__issuer")
    grant = grants.filter(pk=grant_id).first()
    if grant is None:
        raise NotFound
    return grant


def _save(request: SignedInRequest, crate: Crate, grant: PublisherCrate) -> HttpResponse:
    # The issuer is the stored one, whatever was sent.
    offered = Issuer.objects.open_for_publishers().filter(pk=grant.publisher.issuer_id)
    form = sent_form(offered, {**request.POST.dict(), "issuer": str(grant.publisher.issuer_id)})
    try:
        edited = edit_publisher(
            actor=Person(request.user),
            grant_id=grant.pk,
            form=form.tidied(),
            rules=form.rules,
            about=read_about(form.about, About.of(grant)),
        )
    except Refusal as refusal:
        return _page(request, crate, grant, form.refused(refusal), refusal.status)
    messages.success(request, f"Saved: {edited.publisher} can publish {crate.name}.")
    return redirect("publisher_check", crate.name, grant.pk)


def _page(
    request: SignedInRequest,
    crate: Crate,
    grant: PublisherCrate,
    form: PublisherForm,
    status: int = 200,
    *,
    event: ExchangeRefusal | None = None,
) -> HttpResponse:
    shared_by = grant.publisher.grants.exclude(pk=grant.pk).count()
    context = {
        "crate": crate,
        "grant": grant,
        "form": form,
        "shared_by": shared_by,
        "event": event,
    }
    return render(request, "trustpub/publisher_edit.html", context, status=status)
