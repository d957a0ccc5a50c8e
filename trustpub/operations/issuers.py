"""Adds and re-enables issuers."""

from urllib.parse import urlsplit

from django.db import transaction

from accounts import audit
from accounts.audit import Acting
from accounts.errors import InvalidInput
from adapters.addresses import is_loopback
from trustpub.models import Issuer
from trustpub.providers import PROVIDERS


@transaction.atomic
def trust_issuer(
    *, actor: Acting, provider: str, url: str, name: str = "", web_url: str = ""
) -> Issuer:
    """The row of that exact address, enabled; raises InvalidInput for a bad kind or address."""
    if provider not in PROVIDERS:
        raise InvalidInput(f"unknown provider `{provider}`; choose from {', '.join(PROVIDERS)}")
    _check_address("the issuer's URL", url)
    web = (web_url or _web_address(url)).rstrip("/")
    _check_address("--web-url", web)
    issuer, is_new = Issuer.objects.select_for_update().get_or_create(
        url=url,
        defaults={
            "provider": provider,
            "name": name or f"{PROVIDERS[provider].label} ({urlsplit(url).netloc})",
            "web_url": web,
            "algorithms": list(PROVIDERS[provider].default_algorithms),
            # Self-hosted forges live on addresses that a stranger must not make us call.
            "internal_network": True,
        },
    )
    if issuer.provider != provider:
        raise InvalidInput(
            f"{url} is known as a {issuer.get_provider_display()} issuer; "
            "an issuer cannot change its kind"
        )
    before = issuer.state
    issuer.state = Issuer.State.ENABLED
    issuer.name = name or issuer.name
    issuer.web_url = web if web_url else issuer.web_url
    issuer.save()
    audit.record(
        "issuer.created" if is_new else "issuer.edited",
        actor=actor,
        subject=url,
        before={} if is_new else {"state": before},
        after={"state": issuer.state, "provider": provider, "web_url": issuer.web_url},
    )
    return issuer


def _check_address(what: str, url: str) -> None:
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        port_is_fine = parts.port != 0
    except ValueError:
        host, port_is_fine = "", False
    plain = url == url.strip() and url.isascii() and url.isprintable() and len(url) <= 255
    if not (plain and host and port_is_fine) or parts.username or parts.query or parts.fragment:
        raise InvalidInput(f"{what} must be scheme, host and path, like https://git.example.org")
    if parts.scheme == "http" and (host == "localhost" or _is_loopback_address(host)):
        return
    if parts.scheme != "https":
        raise InvalidInput(f"{what} must use https; http is for loopback addresses only")


def _is_loopback_address(host: str) -> bool:
    try:
        return is_loopback(host)
    except ValueError:
        return False


def _web_address(url: str) -> str:
    """Where the forge's pages most likely are: the issuer's own origin."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
