"""Checks of what the world sees at PUBLIC_URL."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import partial
from urllib.parse import urljoin, urlsplit

from django.conf import settings
from django.utils import timezone

from adapters.certificates import valid_until
from adapters.http import OutgoingError, RawAnswer, fetch
from registry.operations.checkup.finding import Finding, problem, warning, well
from registry.operations.checkup.machine import is_public

SECONDS_OFF = 5
RENEWED_BEFORE = timedelta(days=14)
STYLESHEET = re.compile(rb'href="([^"]+\.css)"')
HEADERS = ("content-security-policy", "x-content-type-options", "x-frame-options")

# Our own address, which may well be one of a private network.
_ask = partial(fetch, allow_private=True)


def public_url() -> Iterator[Finding]:
    if settings.PUBLIC_URL.startswith("http://") and is_public():
        yield problem(
            "TLS",
            "PUBLIC_URL is http: whoever is on the way reads tokens and changes crates",
            "let a proxy end TLS (see deploy/nginx), and set PUBLIC_URL=https://…",
        )
    try:
        answer = _ask(f"{settings.PUBLIC_URL}/index/config.json")
    except OutgoingError as error:
        yield problem(
            "PUBLIC_URL",
            f"{settings.PUBLIC_URL} does not answer: {error}",
            "start the server; check name, proxy and firewall, also from this machine",
        )
        return
    yield from _is_ours(answer)
    yield from clock_of(settings.PUBLIC_URL, answer)
    yield from _page()


def certificate() -> Iterator[Finding]:
    parts = urlsplit(settings.PUBLIC_URL)
    if parts.scheme != "https" or not parts.hostname:
        return
    remedy = "renew it, and let the proxy load it"
    try:
        until = valid_until(parts.hostname, parts.port or 443)
    except OSError as error:
        yield problem("certificate", f"not trusted here: {error}"[:200], remedy)
        return
    text = f"valid until {until:%Y-%m-%d}"
    if until - timezone.now() < RENEWED_BEFORE:
        yield warning("certificate", text, remedy)
    else:
        yield well("certificate", text)


def proxies() -> Iterator[Finding]:
    if is_public() and not settings.TRUSTED_PROXIES:
        yield warning(
            "TRUSTED_PROXIES",
            "not set: behind a proxy all visitors share one address in limits and audit log",
            'name your proxy, for example TRUSTED_PROXIES="127.0.0.1"',
        )


def clock_of(where: str, answer: RawAnswer) -> Iterator[Finding]:
    """Compares our clock with the date of an answer that has just come."""
    try:
        there = parsedate_to_datetime(answer.headers.get("date", ""))
    except ValueError:
        return
    if there.tzinfo is None:
        there = there.replace(tzinfo=UTC)
    seconds = round((datetime.now(UTC) - there).total_seconds())
    if abs(seconds) > SECONDS_OFF:
        yield problem(
            "time",
            f"this clock is {seconds} s off the one of {where}",
            "run a time service (chrony, systemd-timesyncd): ID tokens live for minutes",
        )
    else:
        yield well("time", f"as at {where}")


def _is_ours(answer: RawAnswer) -> Iterator[Finding]:
    if answer.status == 401 and settings.AUTH_REQUIRED:
        if settings.PUBLIC_URL in answer.headers.get("www-authenticate", ""):
            yield well("PUBLIC_URL", f"{settings.PUBLIC_URL} answers, and wants a token")
            return
    elif answer.status == 200 and settings.AUTH_REQUIRED:
        yield problem(
            "PUBLIC_URL",
            "AUTH_REQUIRED is set, and the index answers without a token",
            "start the server with AUTH_REQUIRED=1; let the proxy ask it (auth_request)",
        )
        return
    elif answer.status == 200 and _api(answer.content) == settings.PUBLIC_URL:
        yield well("PUBLIC_URL", f"{settings.PUBLIC_URL} answers as this registry")
        return
    yield problem(
        "PUBLIC_URL",
        f"something else answers at {settings.PUBLIC_URL} ({answer.status}), or this registry "
        "with another PUBLIC_URL or AUTH_REQUIRED",
        "give server and shell the same environment, and the proxy the right address",
    )


def _api(content: bytes) -> object:
    try:
        config = json.loads(content)
    except ValueError:
        return None
    return config.get("api") if isinstance(config, dict) else None


def _page() -> Iterator[Finding]:
    """A page that needs no sign-in: its headers, and that its style sheet is served."""
    address = f"{settings.PUBLIC_URL}/sign-in"
    page = _ask(address)
    wanted = list(HEADERS)
    if settings.PUBLIC_URL.startswith("https://"):
        wanted.append("strict-transport-security")
    if missing := [name for name in wanted if name not in page.headers]:
        yield problem(
            "headers",
            f"pages lack {', '.join(missing)}",
            "let the proxy pass our headers on, and send X-Forwarded-Proto",
        )
    else:
        yield well("headers", "pages have what protects them")
    found = STYLESHEET.search(page.content)
    if found and _ask(urljoin(address, found[1].decode())).status != 200:
        yield problem("static files", "style sheets are not served", "run manage.py collectstatic")
