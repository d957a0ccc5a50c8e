"""What happens to every request and answer: its id, security headers, private mode, refusals."""

import logging
import secrets
import time
from collections.abc import Callable

from django.conf import settings
from django.contrib.auth import logout
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseBase, UnreadablePostError
from django.shortcuts import render
from django.utils.module_loading import import_string

from accounts.api.errors import refusal_response
from accounts.client_address import client_address
from accounts.errors import (
    AccountLocked,
    MalformedCredentials,
    Refusal,
    UserAgentRequired,
    unreadable,
)
from accounts.request_context import RequestContext, current_request, set_current_request

logger = logging.getLogger("waybill.request")

GetResponse = Callable[[HttpRequest], HttpResponseBase]

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:{avatars}; "
    "font-src 'self'; connect-src 'self'; form-action 'self' {providers}; "
    "frame-ancestors 'none'; base-uri 'none'"
)
# Readable without credentials even on a private registry.
OPEN_PREFIXES = (
    "/healthz",
    "/readyz",
    "/static/",
    "/sign-in",
    "/dev-login",
    "/accounts/",
    "/second-factor",
    "/admin/",
    # These prove who asks by themselves.
    "/api/v1/trusted_publishing/",
    "/api/github/secret-scanning/",
    # The link of a letter proves who has it.
    "/confirm/",
    "/accept-invite/",
    "/unsubscribe/",
    "/api/v1/confirm/",
    "/api/v1/me/crate_owner_invitations/accept/",
)
# Readable without saying what reads; load balancers often don't.
NAMELESS_PREFIXES = ("/healthz", "/readyz", "/static/", "/index/")
# What programs read: a token opens it, and without one the answer is 401 and no sign-in page.
TOKEN_PREFIXES = (
    "/api/",
    "/index/",
    "/metrics",
    "/readmes/",
    "/feeds/",
    "/rss/",
    "/sitemap",
    "/robots.txt",
    "/opensearch.xml",
)


class RequestIdMiddleware:
    """Gives every request an id that the answer, the log and the audit log share."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        context = RequestContext(
            request_id=secrets.token_hex(8),
            address=client_address(
                request.META.get("REMOTE_ADDR", ""),
                request.META.get("HTTP_X_FORWARDED_FOR", ""),
                settings.TRUSTED_PROXIES,
            ),
            user_agent=request.META.get("HTTP_USER_AGENT", "")[:255],
        )
        set_current_request(context)
        began = time.perf_counter()
        response = self.get_response(request)
        response["X-Request-Id"] = context.request_id
        if settings.LOG_REQUESTS:
            _log(request, response.status_code, time.perf_counter() - began)
        return response


def _log(request: HttpRequest, status: int, seconds: float) -> None:
    """Which view, for which crate, and how long; a whole address may hold a secret."""
    found = request.resolver_match
    facts = {
        "method": request.method,
        "route": f"/{found.route}" if found else "",
        "crate": (found.kwargs.get("name", "") if found else "")[:64],
        "status": status,
        "milliseconds": round(seconds * 1000, 1),
    }
    text = "%(method)s %(route)s %(crate)s %(status)s in %(milliseconds)s ms"
    logger.info(text, facts, extra={"facts": facts})


class SecurityHeadersMiddleware:
    """CSP on pages; cross-origin reading of the API, which never goes by cookies there."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response
        # A sign-in form is redirected to them, which browsers hold against form-action.
        providers = [
            settings.GITHUB_URL,
            *([_origin(settings.OIDC_ISSUER)] if settings.OIDC_ISSUER else []),
        ]
        self.policy = CONTENT_SECURITY_POLICY.format(
            avatars="".join(f" {site}" for site in settings.AVATAR_SITES),
            providers=" ".join(providers),
        )

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        response.headers.setdefault("Content-Security-Policy", self.policy)
        if request.path.startswith("/api/"):
            response.headers.setdefault("Access-Control-Allow-Origin", "*")
        elif settings.SESSION_COOKIE_NAME in request.COOKIES:
            response.headers.setdefault("Cache-Control", "no-store")
        return response


def _origin(address: str) -> str:
    return "/".join(address.split("/")[:3])


class UserAgentMiddleware:
    """With REQUIRE_USER_AGENT every request says what sends it (crates-io-api reference, 0.8).

    Index, downloads and static files are exempt: they may be served without asking Django.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if settings.REQUIRE_USER_AGENT and not request.headers.get("User-Agent", "").strip():
            path = request.path
            if not (path.endswith("download") or path.startswith(NAMELESS_PREFIXES)):
                return answer_refusal(request, UserAgentRequired(current_request().request_id))
        return self.get_response(request)


class LockedAccountMiddleware:
    """Ends the session of an account that was locked after it signed in."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        # Without the cookie nobody asks for the session, and answers stay cacheable.
        has_session = settings.SESSION_COOKIE_NAME in request.COOKIES
        if has_session and request.user.is_authenticated and request.user.is_locked():
            locked = AccountLocked(request.user.shut_because, request.user.shut_until)
            logout(request)
            return answer_refusal(request, locked)
        return self.get_response(request)


class PrivateModeMiddleware:
    """With AUTH_REQUIRED every read needs a token or a login (cargo-client reference, 10.3)."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if not settings.AUTH_REQUIRED or request.path.startswith(OPEN_PREFIXES):
            return self.get_response(request)
        if request.user.is_authenticated or may_read(request):
            response = self.get_response(request)
            # No cache that others share may keep what only some may read.
            response.headers.setdefault("Cache-Control", "private")
            return response
        if request.path.startswith(TOKEN_PREFIXES):
            return credentials_needed()
        return redirect_to_login(request.get_full_path())


def may_read(request: HttpRequest) -> bool:
    """Whether the request carries any usable token; settings name who knows which kind."""
    try:
        return any(import_string(path)(request) for path in settings.READ_AUTHENTICATION)
    except Refusal:
        return False


def credentials_needed() -> HttpResponse:
    """401 in the form that makes cargo look for a token and print where to get one."""
    response = refusal_response(
        MalformedCredentials("this registry is private: a token is needed to read from it")
    )
    response["WWW-Authenticate"] = f'Cargo login_url="{settings.PUBLIC_URL}/me"'
    return response


class RefusalMiddleware:
    """Turns a refusal that left a page's view into a page, and one of the API into JSON."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        refusal = refusal_behind(error)
        return answer_refusal(request, refusal) if refusal else None


def refusal_behind(error: Exception) -> Refusal | None:
    """What to tell whoever sent the request; None for a fault of ours."""
    if isinstance(error, UnreadablePostError):
        return unreadable(error)
    return error if isinstance(error, Refusal) else None


def answer_refusal(request: HttpRequest, refusal: Refusal) -> HttpResponse:
    """The refusal in the form that suits who asked."""
    if request.path.startswith("/api/"):
        return refusal_response(refusal)
    response = render(
        request,
        "refused.html",
        {"detail": refusal.detail, "status": refusal.status},
        status=refusal.status,
    )
    for name, value in refusal.headers.items():
        response[name] = value
    return response
