"""What a link, a pasted address or a crate's manifest suggests for a publisher's fields (e.4)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from registry.formats.errors import FormatError
from registry.formats.names import check_crate_name
from trustpub.echo import printable
from trustpub.models import ExchangeRefusal, Issuer
from trustpub.providers.base import MAX_FIELD_LENGTH, Provider
from trustpub.providers.claim import Suggested

# What a link may carry besides `issuer` and `provider`, and the names of the provider's own
# fields; other parameters are ignored. `address` is a repository's, pasted by a person.
PARAMETERS = ("repository", "workflow", "environment")
ADDRESS = "address"


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Values by field name, and the link's parameters to name in the caution."""

    values: Mapping[str, str] = field(default_factory=dict)
    from_link: Mapping[str, str] = field(default_factory=dict)


def chosen_issuer(
    issuers: list[Issuer], query: Mapping[str, str], repository: str = ""
) -> Issuer | None:
    """The issuer that the query names by address of a repository, by id, address or kind.

    Else the one whose forge has the crate, else the first; None if there is no issuer at all.
    """
    if pasted := _at_host(issuers, query.get(ADDRESS, "").strip()):
        return pasted
    named, kind = query.get("issuer", ""), query.get("provider", "")
    for issuer in issuers:
        if named in (str(issuer.pk), issuer.url):
            return issuer
    for issuer in issuers:
        if not named and issuer.provider == kind:
            return issuer
    return _at_host(issuers, repository) or next(iter(issuers), None)


def unmet_wish(issuer: Issuer, query: Mapping[str, str]) -> bool:
    """Whether the query asks for another issuer than this one."""
    named, kind = query.get("issuer", ""), query.get("provider", "")
    address = query.get(ADDRESS, "").strip()
    if address:
        return _at_host([issuer], address) is None
    if named:
        return named not in (str(issuer.pk), issuer.url)
    return kind not in ("", issuer.provider)


def suggestion(issuer: Issuer, query: Mapping[str, str], repository: str = "") -> Suggestion:
    """The link's values where it has any, else the crate's `repository`."""
    provider = issuer.adapter
    names = (*PARAMETERS, ADDRESS, *(rule.name for rule in provider.fields))
    given = {
        name: printable(query[name], MAX_FIELD_LENGTH).strip()
        for name in names
        if query.get(name, "").strip()
    }
    if given:
        return Suggestion(_fields(provider, given), given)
    if _at_host([issuer], repository):
        return Suggestion(_fields(provider, {"repository": repository}))
    return Suggestion()


def crate_name_in(query: Mapping[str, str]) -> str:
    """The repository's own name, where that is how a crate can be called; else ""."""
    address = (query.get(ADDRESS) or query.get("repository") or "").strip().rstrip("/")
    name = address.removesuffix(".git").rpartition("/")[2]
    try:
        check_crate_name(name)
    except FormatError:
        return ""
    return name


def from_event(event: ExchangeRefusal) -> Mapping[str, str]:
    """The provider's fields as the refused job had them; claims need not travel in a link."""
    facts = event.typed_workload()
    given = {
        "repository": printable(facts.repository, MAX_FIELD_LENGTH),
        "workflow": printable(facts.workflow, MAX_FIELD_LENGTH),
        "environment": printable(facts.environment or "", MAX_FIELD_LENGTH),
    }
    filled = _fields(event.issuer.adapter, given)
    return {"environment": "", **filled}


def _fields(provider: Provider, given: Mapping[str, str]) -> dict[str, str]:
    """The provider's own fields, as far as what is given says something about them."""
    repository = given.get("repository") or given.get(ADDRESS, "")
    known = Suggested(repository, given.get("workflow", ""), given.get("environment", ""))
    own = {rule.name for rule in provider.fields}
    wanted = {
        **provider.suggest(known),
        **{name: value for name, value in given.items() if name in own - set(PARAMETERS)},
    }
    return {name: value for name, value in provider.tidy(wanted).items() if value and name in own}


def _at_host(issuers: list[Issuer], address: str) -> Issuer | None:
    """The issuer whose forge has that address; the longest web address wins."""
    if not address.startswith(("https://", "http://")):
        return None
    matching = [
        issuer
        for issuer in issuers
        if address.startswith(f"{issuer.web_url.rstrip('/')}/")
        and urlsplit(issuer.web_url).netloc == _host(address)
    ]
    return max(matching, key=lambda issuer: len(issuer.web_url), default=None)


def _host(address: str) -> str:
    try:
        return urlsplit(address).netloc
    except ValueError:
        return ""
