"""What a link, a pasted address or a crate's manifest suggests for a publisher's fields (e.4)."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from registry.formats.errors import FormatError
from registry.formats.names import check_crate_name
from trustpub.echo import printable
from trustpub.errors import InvalidPublisher
from trustpub.models import ExchangeRefusal, Issuer
from trustpub.providers.address import place_in, read_address
from trustpub.providers.base import MAX_FIELD_LENGTH
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
    names = (*PARAMETERS, ADDRESS, *(rule.name for rule in issuer.adapter.fields))
    given = {
        name: printable(query[name], MAX_FIELD_LENGTH).strip()
        for name in names
        if query.get(name, "").strip()
    }
    if given:
        return Suggestion(_fields(issuer, given), given)
    if _at_host([issuer], repository):
        return Suggestion(_fields(issuer, {"repository": repository}))
    return Suggestion()


def crate_name_in(issuer: Issuer, values: Mapping[str, str]) -> str:
    """The repository's own name, where that is how a crate can be called; else ""."""
    name = values.get(issuer.adapter.address_field, "")
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
    filled = _fields(event.issuer, given)
    return {"environment": "", **filled}


def taken_apart(issuer: Issuer, typed: Mapping[str, str]) -> Mapping[str, str]:
    """The fields with what an address says that was pasted into the one for the repository.

    Raises InvalidPublisher for an address of another forge: its names mean nothing to this one.
    """
    provider = issuer.adapter
    text = typed.get(provider.address_field, "")
    address = read_address(text)
    if address is None:
        return typed
    base = read_address(issuer.web_url)
    place = address.under(base) if base else None
    if place is None and not address.is_certain:
        return typed
    if place is None:
        raise InvalidPublisher(
            f"That address is on {printable(address.host, 60)}, and this publisher runs on "
            f"{issuer.name}; choose first where the workflow runs",
            extra={"field": provider.address_field},
        )
    file = typed.get("workflow_filename") or typed.get("workflow_filepath") or ""
    found = provider.suggest(Suggested(text, place, file))
    return {**typed, **{name: value for name, value in found.items() if value}}


def _fields(issuer: Issuer, given: Mapping[str, str]) -> dict[str, str]:
    """The provider's own fields, as far as what is given says something about them."""
    provider = issuer.adapter
    repository = given.get("repository") or given.get(ADDRESS, "")
    place = place_in(repository, read_address(issuer.web_url))
    known = Suggested(repository, place, given.get("workflow", ""), given.get("environment", ""))
    own = {rule.name for rule in provider.fields}
    wanted = {
        **provider.suggest(known),
        **{name: value for name, value in given.items() if name in own - set(PARAMETERS)},
    }
    return {name: value for name, value in provider.tidy(wanted).items() if value and name in own}


def _at_host(issuers: list[Issuer], address: str) -> Issuer | None:
    """The issuer whose forge has that address; the longest web address wins."""
    pasted = read_address(address)
    if pasted is None:
        return None
    matching = [
        issuer
        for issuer in issuers
        if (base := read_address(issuer.web_url)) and pasted.under(base) is not None
    ]
    return max(matching, key=lambda issuer: len(issuer.web_url), default=None)
