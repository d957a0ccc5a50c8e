"""Holds up a change until somebody has proved anew who they are, and then goes on with it."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect

from accounts.pages.private import SignedInRequest
from accounts.queries.second_factor import lacks_required_factor
from accounts.step_up import is_fresh

SUSPENDED = "suspended_change"
MAX_FIELDS = 200
MAX_CHARACTERS = 20_000
NEEDS_FACTOR = "This registry asks everybody who does this for a second factor. Set one up first."

View = Callable[..., HttpResponseBase]


def fresh(view: View) -> View:
    """For views that give power: below `private`, it acts on POST alone.

    What was sent waits in the session meanwhile, so no form of it may hold a secret.
    """
    guarded = fresh_without_factor(view)

    @wraps(view)
    def with_factor(request: SignedInRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.method == "POST" and lacks_required_factor(request.user):
            messages.warning(request, NEEDS_FACTOR)
            return redirect("second_factor")
        return guarded(request, *args, **kwargs)

    return with_factor


def fresh_without_factor(view: View) -> View:
    """For the pages on which a second factor is set up, and for leaving."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.method != "POST" or is_fresh(request):
            return view(request, *args, **kwargs)
        request.session[SUSPENDED] = {"path": request.path, "fields": _fields(request)}
        return redirect("confirm_identity")

    return guarded


def _fields(request: HttpRequest) -> list[tuple[str, str]]:
    """All or none: half a form would be another change than the one that was meant."""
    fields = [
        (name, value)
        for name, values in request.POST.lists()
        for value in values
        if name != "csrfmiddlewaretoken"
    ]
    size = sum(len(name) + len(value) for name, value in fields)
    return fields if len(fields) <= MAX_FIELDS and size <= MAX_CHARACTERS else []
