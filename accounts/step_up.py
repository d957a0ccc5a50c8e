"""A session that proved lately who sits before it: what a stolen cookie alone cannot do."""

import time

from django.conf import settings
from django.contrib.auth.signals import user_logged_in
from django.http import HttpRequest
from rest_framework.request import Request

from accounts.errors import ReauthenticationRequired, SecondFactorRequired
from accounts.models import User
from accounts.queries.second_factor import lacks_required_factor

PROVED_AT = "proved_at"


def note_proof(request: HttpRequest) -> None:
    """Somebody has just shown that they are the person whose session this is.

    The key changes with it: whoever has a copy of the former cookie gains nothing by the proof.
    """
    request.session.cycle_key()
    request.session[PROVED_AT] = int(time.time())


def is_fresh(request: HttpRequest) -> bool:
    """Whether the last proof is recent enough for what gives others power."""
    proved_at = request.session.get(PROVED_AT)
    if not isinstance(proved_at, int):
        return False
    return 0 <= time.time() - proved_at < settings.STEP_UP_LIFETIME.total_seconds()


def require_fresh(request: Request) -> None:
    """For the API: of a token no proof is asked, because its scopes say what it may do.

    Raises ReauthenticationRequired for a browser that was signed in too long ago, and
    SecondFactorRequired where everybody needs one.
    """
    if isinstance(request.user, User):
        require_factor(request.user)
    require_proof(request)


def require_proof(request: Request) -> None:
    """The same for what people without a second factor may do, too.

    Raises ReauthenticationRequired.
    """
    if request.auth is None and not is_fresh(request._request):
        raise ReauthenticationRequired(f"{settings.PUBLIC_URL}/confirm-identity")


def require_factor(user: User) -> None:
    """Raises SecondFactorRequired where everybody needs one, and this person has none."""
    if lacks_required_factor(user):
        raise SecondFactorRequired(f"{settings.PUBLIC_URL}/settings/second-factor")


def watch_sign_ins() -> None:
    """Every way to sign in, the admin's too, is a proof."""
    user_logged_in.connect(_signed_in, dispatch_uid="accounts.step_up")


def _signed_in(sender: type[User], request: HttpRequest, **_: object) -> None:
    note_proof(request)
