"""Adding and removing the owners of a crate."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render

from accounts.errors import Refusal
from accounts.pages.fresh import fresh
from accounts.pages.private import SignedInRequest, private
from registry.actors import Person
from registry.errors import NotOwner
from registry.models import Crate
from registry.operations.owners import add_owners, remove_owners
from registry.policies import Action, may
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


@private("POST")
@fresh
def owner_add(request: SignedInRequest, name: str) -> HttpResponse:
    crate = owned_crate(request, name)
    login = _login(request)
    try:
        add_owners(actor=Person(request.user), crate=crate, logins=[login])
    except Refusal as refusal:
        problem = {"add_problem": refusal.detail, "login": login}
        return _refused(request, crate, refusal, problem)
    messages.success(request, f"{login} is now an owner of {crate.name}.")
    return redirect("crate_settings", crate.name)


@private("POST")
def owner_remove(request: SignedInRequest, name: str) -> HttpResponse:
    crate = owned_crate(request, name)
    login = _login(request)
    try:
        remove_owners(actor=Person(request.user), crate=crate, logins=[login])
    except Refusal as refusal:
        return _refused(request, crate, refusal, {"remove_problem": refusal.detail})
    messages.success(request, f"{login} is no longer an owner of {crate.name}.")
    if crate.is_owned_by(request.user):
        return redirect("crate_settings", crate.name)
    return redirect("crate", crate.name)


def _login(request: SignedInRequest) -> str:
    # PostgreSQL takes no NUL in any parameter, and no login has one.
    return request.POST.get("login", "").replace("\0", "").strip()


def _refused(
    request: SignedInRequest, crate: Crate, refusal: Refusal, problem: dict[str, str]
) -> HttpResponse:
    """The owners alone, with what is wrong; the whole settings page knows more than this app."""
    context = {"crate": crate, "owners": owners_of(crate), **problem}
    return render(request, "registry/owners.html", context, status=refusal.status)
