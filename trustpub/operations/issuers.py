"""Adds and re-enables issuers."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction

from accounts import audit
from accounts.audit import Acting
from accounts.errors import InvalidInput
from adapters.addresses import is_loopback
from adapters.github import GITHUB_COM_API, AccountKind, GitHub
from adapters.http import OutgoingError
from trustpub.jwks import ALGORITHMS
from trustpub.models import Issuer
from trustpub.providers import PROVIDERS
from trustpub.providers.base import Provider
from trustpub.providers.options import InvalidOption, Options, checked_options

_LOGIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")
_HOST = re.compile(r"[a-z0-9-]+(?:\.[a-z0-9-]+)*")


@dataclass(frozen=True, slots=True)
class Organization:
    """An organisation on GitHub: its number counts, its name is shown."""

    number: int
    name: str


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
    algorithms: Sequence[str] = (),
    api_url: str | None = None,
    organization: Organization | None = None,
    state: str = Issuer.State.ENABLED,
) -> Issuer:
    """The row of that exact address, enabled or in another state.

    `options` are the provider's; None leaves those that the row has. `key_hosts` are hosts beside
    the issuer's own where its keys may be, `algorithms` those that its signatures may have where
    they are not the provider's usual ones, `api_url` is where its forge is asked for numbers (""
    nowhere, None the usual place). With an `organization` a new row is for that one's crates
    alone. Raises InvalidInput.
    """
    if provider not in PROVIDERS:
        raise InvalidInput(f"unknown provider `{provider}`; choose from {', '.join(PROVIDERS)}")
    _check_address("the issuer's URL", url)
    adapter = PROVIDERS[provider]
    web = (web_url or adapter.web_url_of(url)).rstrip("/")
    _check_address("--web-url", web)
    _check_hosts(key_hosts)
    _check_algorithms(algorithms)
    asks_elsewhere = api_url is not None
    if api_url is None:
        # Behind a test issuer of this machine there is no forge, unless its address is given.
        api_url = adapter.api_url_of(web) if web_url or url.startswith("https:") else ""
    asked_at = api_url.rstrip("/")
    if asked_at:
        _check_address("--api-url", asked_at)
    _check_owner(url, organization)
    issuer, is_new = Issuer.objects.select_for_update().get_or_create(
        url=url,
        defaults={
            "provider": provider,
            "name": name or f"{adapter.label} ({urlsplit(url).netloc})",
            "web_url": web,
            "api_url": asked_at,
            "organization_id": organization.number if organization else None,
            "organization": organization.name if organization else "",
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
    before = {
        "state": issuer.state,
        "options": issuer.options,
        "algorithms": issuer.algorithms,
    }
    if options is not None or state != Issuer.State.DISABLED:
        issuer.options = _options(adapter, issuer.options if options is None else options)
    issuer.extra_key_hosts = list(key_hosts) or issuer.extra_key_hosts
    issuer.algorithms = list(dict.fromkeys(algorithms)) or issuer.algorithms
    issuer.state = state
    issuer.name = name or issuer.name
    issuer.web_url = web if web_url else issuer.web_url
    issuer.api_url = asked_at if web_url or asks_elsewhere else issuer.api_url
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
            "api_url": issuer.api_url,
            "organization": issuer.organization,
            "options": issuer.options,
            "extra_key_hosts": issuer.extra_key_hosts,
            "algorithms": issuer.algorithms,
        },
    )
    return issuer


def organization_named(login: str, number: int | None = None) -> Organization:
    """The organisation on GitHub; its `number` is asked there unless it is given.

    Raises InvalidInput.
    """
    if not _LOGIN.fullmatch(login):
        raise InvalidInput(f"`{login[:60]}` is not the name of an organization")
    if number is not None:
        return Organization(number, login)
    forge = GitHub(settings.GITHUB_API_URL, allow_private=settings.GITHUB_API_URL != GITHUB_COM_API)
    try:
        found = forge.user(login)
    except OutgoingError as error:
        raise InvalidInput(f"GitHub does not tell the number of {login}: {error}") from None
    if found is None or found.kind is not AccountKind.ORGANIZATION:
        raise InvalidInput(f"there is no organization `{login}` on GitHub")
    return Organization(found.id, found.login)


def _check_owner(url: str, organization: Organization | None) -> None:
    """An organisation's row may not stand in for one that others rely on (threat 51)."""
    for other in Issuer.objects.all():
        if other.url == url:
            wanted = organization.number if organization else other.organization_id
            if other.organization_id != wanted:
                raise InvalidInput(
                    f"{url} is trusted for {other.organization or 'everybody'} already; "
                    "an issuer cannot change whose it is"
                )
        elif organization and other.adapter.issuer_matches(url, other.url):
            raise InvalidInput(f"{url} belongs to {other.name}, which others rely on")


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


def _check_algorithms(names: Sequence[str]) -> None:
    for name in names:
        if name not in ALGORITHMS:
            known = ", ".join(ALGORITHMS)
            raise InvalidInput(f"`{name[:60]}` is no algorithm to verify with; choose from {known}")


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
