"""Adds and re-enables issuers."""

import re
from collections.abc import Sequence
from urllib.parse import urlsplit

from django.db import transaction

from accounts import audit
from accounts.audit import Acting
from accounts.errors import InvalidInput
from adapters.addresses import is_loopback
from trustpub.models import Issuer
from trustpub.providers import PROVIDERS
from trustpub.providers.base import Provider
from trustpub.providers.options import InvalidOption, Options, checked_options

_HOST = re.compile(r"[a-z0-9-]+(?:\.[a-z0-9-]+)*")


@transaction.atomic
def trust_issuer(
    *,
    actor: Acting,
    provider: str,
    url: str,
    name: str = "",
    web_url: str = "",
    options: Options | None = None,
    key_hosts: Sequence[str] = (),
    state: str = Issuer.State.ENABLED,
) -> Issuer:
    """The row of that exact address, enabled or in another state.

    `options` are the provider's; None leaves those that the row has. `key_hosts` are hosts beside
    the issuer's own where its keys may be. Raises InvalidInput.
    """
    if provider not in PROVIDERS:
        raise InvalidInput(f"unknown provider `{provider}`; choose from {', '.join(PROVIDERS)}")
    _check_address("the issuer's URL", url)
    adapter = PROVIDERS[provider]
    web = (web_url or adapter.web_url_of(url)).rstrip("/")
    _check_address("--web-url", web)
    _check_hosts(key_hosts)
    issuer, is_new = Issuer.objects.select_for_update().get_or_create(
        url=url,
        defaults={
            "provider": provider,
            "name": name or f"{adapter.label} ({urlsplit(url).netloc})",
            "web_url": web,
            "algorithms": list(adapter.default_algorithms),
            # Self-hosted forges live on addresses that a stranger must not make us call.
            "internal_network": True,
        },
    )
    if issuer.provider != provider:
        raise InvalidInput(
            f"{url} is known as a {issuer.get_provider_display()} issuer; "
            "an issuer cannot change its kind"
        )
    before = {"state": issuer.state, "options": issuer.options}
    if options is not None or state != Issuer.State.DISABLED:
        issuer.options = _options(adapter, issuer.options if options is None else options)
    issuer.extra_key_hosts = list(key_hosts) or issuer.extra_key_hosts
    issuer.state = state
    issuer.name = name or issuer.name
    issuer.web_url = web if web_url else issuer.web_url
    issuer.save()
    audit.record(
        _event(is_new=is_new, state=state),
        actor=actor,
        subject=url,
        before={} if is_new else before,
        after={
            "state": issuer.state,
            "provider": provider,
            "web_url": issuer.web_url,
            "options": issuer.options,
            "extra_key_hosts": issuer.extra_key_hosts,
        },
    )
    return issuer


def _event(*, is_new: bool, state: str) -> str:
    if state == Issuer.State.DISABLED:
        return "issuer.disabled"
    return "issuer.created" if is_new else "issuer.edited"


def _options(adapter: Provider, given: Options) -> dict[str, object]:
    try:
        return checked_options(adapter.all_options(), given)
    except InvalidOption as error:
        raise InvalidInput(f"{adapter.label}: {error}") from None


def _check_hosts(hosts: Sequence[str]) -> None:
    for host in hosts:
        if not _HOST.fullmatch(host):
            raise InvalidInput(f"a key host is a name like keys.example.org, not `{host[:60]}`")


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
