"""What a link, or a crate's manifest, suggests for the fields of a publisher (e.4)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from trustpub.echo import printable
from trustpub.models import ExchangeRefusal, Issuer
from trustpub.providers import provider_for
from trustpub.providers.base import MAX_FIELD_LENGTH, Provider

# The parameters that a link may carry, besides `issuer`; others are ignored.
PARAMETERS = ("repository", "workflow", "environment")


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Values by field name, and the link's parameters to name in the caution."""

    values: Mapping[str, str] = field(default_factory=dict)
    from_link: Mapping[str, str] = field(default_factory=dict)


def chosen_issuer(issuers: list[Issuer], text: str, repository: str = "") -> Issuer | None:
    """The issuer that the text names by id or address, else the one whose forge has the crate.

    None if there is no issuer at all.
    """
    for issuer in issuers:
        if text in (str(issuer.pk), issuer.url):
            return issuer
    host = urlsplit(repository).netloc if _is_address(repository) else ""
    for issuer in issuers:
        if host and urlsplit(issuer.web_url).netloc == host:
            return issuer
    return issuers[0] if issuers else None


def suggestion(issuer: Issuer, query: Mapping[str, str], repository: str = "") -> Suggestion:
    """The link's values where it has any, else the crate's `repository`."""
    given = {
        name: printable(query[name], MAX_FIELD_LENGTH).strip()
        for name in PARAMETERS
        if query.get(name, "").strip()
    }
    provider = provider_for(issuer.provider)
    if given:
        return Suggestion(_fields(provider, given), given)
    if _is_address(repository) and repository.startswith(f"{issuer.web_url}/"):
        return Suggestion(_fields(provider, {"repository": repository}))
    return Suggestion()


def from_event(event: ExchangeRefusal) -> Mapping[str, str]:
    """The provider's fields as the refused job had them; claims need not travel in a link."""
    facts = event.typed_workload()
    given = {
        "repository": printable(facts.repository, MAX_FIELD_LENGTH),
        "workflow": printable(facts.workflow, MAX_FIELD_LENGTH),
        "environment": printable(facts.environment or "", MAX_FIELD_LENGTH),
    }
    filled = _fields(provider_for(event.issuer.provider), given)
    return {"environment": "", **filled}


def _fields(provider: Provider, given: Mapping[str, str]) -> dict[str, str]:
    """The provider's own fields for the three things that every provider has."""
    wanted: dict[str, str | None] = {
        _repository_field(provider): given.get("repository"),
        _workflow_field(provider): given.get("workflow"),
        "environment": given.get("environment"),
    }
    return {name: value for name, value in provider.tidy(wanted).items() if value}


def _repository_field(provider: Provider) -> str:
    """The field that `tidy` takes a whole path or address apart in: the one of the last part."""
    named = provider.named_fields({}, "owner/name")
    return next(name for name, value in named.items() if value == "name")


def _workflow_field(provider: Provider) -> str:
    return next(rule.name for rule in provider.fields if rule.name.startswith("workflow"))


def _is_address(text: str) -> bool:
    return text.startswith(("https://", "http://"))
