"""Pages for somebody who is signed in; nothing of them stays in a cache."""

from collections.abc import Callable

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponseBase
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_http_methods

from accounts.models import User

View = Callable[..., HttpResponseBase]


class SignedInRequest(HttpRequest):
    """A request that passed `private`, for type checkers."""

    user: User


def private(*methods: str) -> Callable[[View], View]:
    """Answers 405 to other methods, and sends visitors to the sign-in page and back."""

    def decorate(view: View) -> View:
        guarded = cache_control(no_store=True)(login_required(view))
        return require_http_methods(methods)(guarded)

    return decorate
