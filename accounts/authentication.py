"""API token -> request (crates-io-api reference, 0.3)."""

from datetime import datetime, timedelta
from typing import Any, cast

from django.conf import settings
from django.db.models import OuterRef, Subquery
from django.http import HttpRequest
from django.utils import timezone
from rest_framework import authentication
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request

from accounts import token_text
from accounts.client_address import network_of
from accounts.errors import AccountLocked, AuthenticationFailed, MalformedCredentials, NotAllowed
from accounts.models import ApiToken, Suspicion, User
from accounts.models.user import verified_addresses
from accounts.operations.suspicions import suspect
from accounts.request_context import current_request
from accounts.token_text import TokenKind
from adapters.compiled import CompiledQuery

# How stale `last_used_at` may be, so that a burst of requests is not a burst of writes.
LAST_USE_PRECISION = timedelta(minutes=1)
# After which a token that wakes up elsewhere may be in other hands.
LONG_SILENCE = timedelta(days=60)
_USABLE = CompiledQuery(
    lambda digest, now: (
        ApiToken.objects.usable(now)
        .filter(digest=digest)
        .select_related("user")
        .annotate(found_email=Subquery(verified_addresses(OuterRef("user")).values("email")))
    ),
    digest=str,
    now=datetime,
)


def credentials_of(request: HttpRequest | Request) -> str | None:
    """The token of the Authorization header, raw or after `Bearer`; None without the header.

    Raises MalformedCredentials for another scheme or for text outside of ASCII.
    """
    header = request.headers.get("Authorization")
    if header is None:
        return None
    if not header.isascii():
        raise MalformedCredentials(
            "Invalid `Authorization` header: unexpected non-ASCII characters"
        )
    scheme, _, rest = header.strip().partition(" ")
    if not rest:
        return scheme or None
    if scheme.lower() != "bearer":
        raise MalformedCredentials(
            f"Invalid `Authorization` header: unexpected authentication scheme `{scheme[:40]}`"
        )
    return rest.strip()


def api_token_of(request: HttpRequest | Request) -> ApiToken | None:
    """The usable API token of the request; None without credentials.

    Raises MalformedCredentials, AuthenticationFailed or AccountLocked.
    """
    text = credentials_of(request)
    if text is None:
        return None
    kind = token_text.kind_of(text, settings.TOKEN_PREFIX)
    if kind is None:
        raise MalformedCredentials(
            "The given API token does not have the form of this registry's tokens "
            f"(they begin with `{settings.TOKEN_PREFIX}_` and end in a check sum). "
            f"Make a new one at {settings.PUBLIC_URL}/settings/tokens"
        )
    if kind is not TokenKind.API:
        raise AuthenticationFailed
    token: Any = _USABLE.first(digest=token_text.digest(text), now=timezone.now())
    if token is None or not token.user.is_active:
        raise AuthenticationFailed
    reject_locked(token.user)
    token.user.found_email = token.found_email
    _note_use(token)
    return cast(ApiToken, token)


def reject_locked(user: User) -> None:
    """Raises AccountLocked for an account that may not act."""
    if user.is_locked():
        raise AccountLocked(user.shut_because, user.shut_until)


def reject_foreign_origin(request: HttpRequest | Request) -> None:
    """Raises NotAllowed for a page of another site that acts with a person's credentials."""
    origin = request.headers.get("Origin")
    if origin is None or origin in settings.CSRF_TRUSTED_ORIGINS:
        return
    if origin != f"{request.scheme}://{request.get_host()}":
        raise NotAllowed("invalid origin header")


class ApiTokenAuthentication(authentication.BaseAuthentication):
    """`request.auth` becomes the ApiToken, `request.user` its owner."""

    def authenticate(self, request: HttpRequest | Request) -> tuple[User, ApiToken] | None:
        token = api_token_of(request)
        if token is None:
            return None
        reject_foreign_origin(request)
        return (token.user, token)


class SessionAuthentication(authentication.SessionAuthentication):
    """The browser's session; the same CSRF rule as in every form."""

    def enforce_csrf(self, request: Request) -> None:
        try:
            super().enforce_csrf(request)
        except PermissionDenied:
            raise NotAllowed(
                "invalid origin header or missing CSRF token; reload the page and try again"
            ) from None

    def authenticate(self, request: Request) -> tuple[User, None] | None:
        user = getattr(request._request, "user", None)
        if not user or not user.is_authenticated or "Authorization" in request.headers:
            return None
        reject_foreign_origin(request)
        reject_locked(user)
        self.enforce_csrf(request)
        return (user, None)


def _note_use(token: ApiToken) -> None:
    if settings.READ_ONLY:
        return
    now = timezone.now()
    if token.last_used_at and now - token.last_used_at < LAST_USE_PRECISION:
        return
    request = current_request()
    network = network_of(request.address)
    silent_since = token.last_used_at
    ApiToken.objects.filter(pk=token.pk).update(
        last_used_at=now,
        last_used_agent=request.user_agent,
        last_network=network or token.last_network,
    )
    is_elsewhere = bool(network and token.last_network) and network != token.last_network
    if is_elsewhere and silent_since and now - silent_since > LONG_SILENCE:
        suspect(
            Suspicion.Kind.NEW_NETWORK,
            user=token.user,
            subject=f"token {token.pk}: {token.name}",
            detail=f"silent for {(now - silent_since).days} days, then from {network} "
            f"(before: {token.last_network})",
        )
