"""The form of a publisher: an issuer, then the fields of that issuer's provider."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from accounts.errors import InvalidInput, Refusal
from trustpub.models import Issuer
from trustpub.pages.prefill import ADDRESS, chosen_issuer, suggestion, unmet_wish
from trustpub.providers.base import FieldRule

NO_SUCH_HOST = (
    "No CI system of that address is trusted here. Choose where the workflow runs and fill in its "
    "fields, or ask the operator to add it."
)
NOT_OPEN = (
    "The CI system that the link names takes no publishers on this registry. "
    "Choose where the workflow runs, or ask the operator to add it."
)


@dataclass(frozen=True, slots=True)
class FormField:
    """One field as the page shows it."""

    rule: FieldRule
    value: str
    error: str = ""

    @property
    def is_id(self) -> bool:
        """Found out by the registry itself in most cases, so not in everybody's way."""
        return self.rule.is_pin


@dataclass(frozen=True, slots=True)
class PublisherForm:
    """`problem` concerns no single field; `from_link` is what the caution names."""

    issuers: Sequence[Issuer]
    issuer: Issuer | None
    values: Mapping[str, str] = field(default_factory=dict)
    from_link: Mapping[str, str] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)
    problem: str = ""

    @property
    def fields(self) -> list[FormField]:
        if self.issuer is None:
            return []
        return [
            FormField(
                rule,
                self.values.get(rule.name, rule.default or ""),
                self.errors.get(rule.name, ""),
            )
            for rule in self.issuer.adapter.fields
        ]

    @property
    def main_fields(self) -> list[FormField]:
        return [shown for shown in self.fields if not shown.is_id]

    @property
    def id_fields(self) -> list[FormField]:
        return [shown for shown in self.fields if shown.is_id]

    @property
    def opens_ids(self) -> bool:
        return any(shown.value or shown.error for shown in self.id_fields)

    @property
    def carried(self) -> Mapping[str, str]:
        """What another choice of issuer keeps; a pasted address would make the same choice."""
        return {name: value for name, value in self.from_link.items() if name != ADDRESS}

    def tidied(self) -> Mapping[str, str | None]:
        """What the person most likely meant; raises InvalidInput without an issuer."""
        return self.required_issuer().adapter.tidy(
            {shown.rule.name: shown.value or None for shown in self.fields}
        )

    def required_issuer(self) -> Issuer:
        if self.issuer is None:
            raise InvalidInput("Choose where the workflow runs.")
        return self.issuer

    def refused(self, refusal: Refusal) -> "PublisherForm":
        """The form again, with the complaint at its field where it names one."""
        name = str(refusal.extra.get("field", ""))
        if name in {shown.rule.name for shown in self.fields}:
            return replace(self, errors={name: refusal.detail})
        return replace(self, problem=refusal.detail)


def empty_form(query: Mapping[str, str], *, repository: str = "") -> PublisherForm:
    """For a GET: filled from the link or from the crate's `repository`, never saved."""
    issuers = list(Issuer.objects.open_for_publishers())
    issuer = chosen_issuer(issuers, query, repository)
    if issuer is None:
        return PublisherForm(issuers, None)
    problem = ""
    if unmet_wish(issuer, query):
        if query.get(ADDRESS, "").strip():
            # Its parts mean nothing to an issuer of another host.
            return PublisherForm(issuers, issuer, problem=NO_SUCH_HOST)
        problem = NOT_OPEN
    suggested = suggestion(issuer, query, repository)
    return PublisherForm(issuers, issuer, suggested.values, suggested.from_link, problem=problem)


def sent_form(sent: Mapping[str, str]) -> PublisherForm:
    """For a POST: the issuer by its id alone, and the values as they were typed."""
    issuers = list(Issuer.objects.open_for_publishers())
    issuer = next((found for found in issuers if str(found.pk) == sent.get("issuer")), None)
    if issuer is None:
        return PublisherForm(issuers, None)
    values = {
        # PostgreSQL stores no NUL.
        rule.name: sent.get(rule.name, "").replace("\0", "")
        for rule in issuer.adapter.fields
    }
    return PublisherForm(issuers, issuer, values)
