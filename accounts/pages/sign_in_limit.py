"""How often one address may try to sign in."""

from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase

from accounts import limits
from accounts.request_context import current_request

MINUTE = timedelta(minutes=1)

View = Callable[..., HttpResponseBase]


def limited(view: View) -> View:
    """Raises TooManyRequests before anybody else is asked; looking at a form counts nothing."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        # The way back from a provider is a GET, and asks it who came.
        if request.method == "POST" or request.GET:
            limits.hit(
                "sign-in",
                current_request().address,
                limit=settings.SIGN_INS_PER_ADDRESS,
                window=MINUTE,
                what="attempts to sign in",
            )
        return view(request, *args, **kwargs)

    return guarded
