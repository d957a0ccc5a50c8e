"""The owners of a crate: who they are, who is invited, and changing both."""

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render

from accounts.errors import Refusal
from accounts.pages.fresh import fresh
from accounts.pages.private import SignedInRequest, private
from registry.actors import Person
from registry.errors import NotOwner
from registry.models import Crate
from registry.operations.invitations import withdraw_invitation
from registry.operations.owners import add_owners, remove_owners
from registry.policies import Action, may
from registry.queries.invitations import invitations_of
from registry.queries.lookup import crate_named
from registry.queries.owners import owners_of


def owned_crate(request: SignedInRequest, name: str) -> Crate:
    """The crate for its settings pages; raises NotFound, or NotOwner for everybody else."""
    crate = crate_named(name)
    if not may(Person(request.user), Action.CONFIGURE, crate):
        raise NotOwner(
            f"Only owners of {crate.name} can see and change its settings. "
            "If you should be one, ask an owner to add you."
        )
    return crate


@private("GET", "HEAD")
def crate_owners(request: SignedInRequest, name: str) -> HttpResponse:
    crate = owned_crate(request, name)
    if crate.name != name:
        return redirect("crate_owners", crate.name)
    return _page(request, crate)


@private("POST")
@fresh
def owner_add(request: SignedInRequest, name: str) -> HttpResponse:
    crate = owned_crate(request, name)
    login = _login(request)
    try:
        [said] = add_owners(actor=Person(request.user), crate=crate, logins=[login])
    except Refusal as refusal:
        return _page(request, crate, refusal, {"add_problem": refusal.detail, "login": login})
    messages.success(request, f"{said[0].upper()}{said[1:]}.")
    return redirect("crate_owners", crate.name)


@private("POST")
def owner_remove(request: SignedInRequest, name: str) -> HttpResponse:
    crate = owned_crate(request, name)
    login = _login(request)
    try:
        remove_owners(actor=Person(request.user), crate=crate, logins=[login])
    except Refusal as refusal:
        return _page(request, crate, refusal, {"remove_problem": refusal.detail})
    messages.success(request, f"{login} is no longer an owner of {crate.name}.")
    if crate.is_owned_by(request.user):
        return redirect("crate_owners", crate.name)
    return redirect("crate", crate.name)


@private("POST")
def invitation_withdraw(request: SignedInRequest, name: str) -> HttpResponse:
    crate = owned_crate(request, name)
    login = _login(request)
    try:
        withdraw_invitation(actor=Person(request.user), crate=crate, login=login)
    except Refusal as refusal:
        return _page(request, crate, refusal, {"withdraw_problem": refusal.detail})
    messages.success(request, f"The invitation of {login} is withdrawn.")
    return redirect("crate_owners", crate.name)


def _login(request: SignedInRequest) -> str:
    # PostgreSQL takes no NUL in any parameter, and no login has one.
    return request.POST.get("login", "").replace("\0", "").strip()


def _page(
    request: SignedInRequest,
    crate: Crate,
    refusal: Refusal | None = None,
    problem: dict[str, str] | None = None,
) -> HttpResponse:
    owners = list(owners_of(crate))
    context = {
        "crate": crate,
        "owners": owners,
        "people": sum(owner.user is not None for owner in owners),
        "invitations": invitations_of(crate).order_by("pk"),
        "asks_first": settings.OWNER_INVITATIONS,
        **(problem or {}),
    }
    status = refusal.status if refusal else 200
    return render(request, "registry/owners.html", context, status=status)
