"""Where somebody wanted to go before the sign-in came between."""

from django.conf import settings
from django.http import HttpRequest
from django.utils.http import url_has_allowed_host_and_scheme


def next_page(request: HttpRequest) -> str:
    """The `next` of the form or the address, empty where it would lead off this site."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    # No host is allowed: only addresses without one pass.
    return wanted if url_has_allowed_host_and_scheme(wanted, allowed_hosts=None) else ""


def next_page_or_default(request: HttpRequest) -> str:
    return next_page(request) or settings.LOGIN_REDIRECT_URL
