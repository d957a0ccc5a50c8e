"""The form of a publisher: an issuer, then the fields of that issuer's provider."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, time, timedelta

from accounts.errors import InvalidInput, Refusal
from trustpub.echo import printable
from trustpub.models import ExchangeRefusal, Issuer, PublisherCrate, TrustRule
from trustpub.operations.about import NAMES as ABOUT
from trustpub.pages import rule_form
from trustpub.pages.prefill import (
    ADDRESS,
    chosen_issuer,
    from_event,
    suggestion,
    taken_apart,
    unmet_wish,
)
from trustpub.pages.rule_form import Option, RuleField
from trustpub.providers.base import FieldRule
from trustpub.restrictions import NAMES, RuleOptions

# They stand beside the choice of refs.
REF_TEXTS = ("tag_pattern", "branches")
NO_SUCH_HOST = (
    "No CI system of that address is trusted here. Choose where the workflow runs and fill in its "
    "fields, or ask the operator to add it."
)
NO_REPOSITORY = (
    "That address says where the workflow runs and nothing more. Fill in the fields below, or "
    "paste the address of the repository itself."
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
    rules: Mapping[str, object] | None = None
    errors: Mapping[str, str] = field(default_factory=dict)
    problem: str = ""
    # Name, note and last day, as they are typed.
    about: Mapping[str, str] = field(default_factory=dict)

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
    def rule_choices(self) -> list[RuleField]:
        return rule_form.choices(self._rules, self._options, self._rule_error)

    @property
    def has_rules(self) -> bool:
        """Whether jobs of the CI system prove anything that a rule can ask for."""
        return bool(self._options.names & set(NAMES))

    @property
    def ref_texts(self) -> list[RuleField]:
        return [shown for shown in self._rule_texts if shown.name in REF_TEXTS]

    @property
    def rare_texts(self) -> list[RuleField]:
        """What most people leave alone."""
        return [shown for shown in self._rule_texts if shown.name not in REF_TEXTS]

    @property
    def _rule_texts(self) -> list[RuleField]:
        return rule_form.texts(self._rules, self._options, self._rule_error)

    @property
    def rule_events(self) -> list[Option]:
        return rule_form.events(self._rules, self._options)

    @property
    def event_error(self) -> str:
        return self.errors.get("rules.events", "")

    @property
    def opens_rules(self) -> bool:
        """Whether one of the rules that most people leave alone is set or wrong."""
        rare = {shown.name for shown in self.rare_texts}
        others_than_usual = any(event.is_chosen == event.is_risky for event in self.rule_events)
        return (
            others_than_usual
            or any(value for name, value in self._rules.items() if name in rare)
            or any(name.removeprefix("rules.") in {"events", *rare} for name in self.errors)
        )

    @property
    def _rules(self) -> Mapping[str, object]:
        return self.rules or {}

    @property
    def _options(self) -> RuleOptions:
        if self.issuer is None:
            return RuleOptions()
        return self.issuer.adapter.rule_options

    @property
    def _rule_error(self) -> tuple[str, str]:
        for name, complaint in self.errors.items():
            if name.startswith("rules."):
                return name.removeprefix("rules."), complaint
        return "", ""

    @property
    def opens_ids(self) -> bool:
        return any(shown.value or shown.error for shown in self.id_fields)

    @property
    def carried(self) -> Mapping[str, str]:
        """What another choice of issuer keeps; a pasted address would make the same choice."""
        return {name: value for name, value in self.from_link.items() if name != ADDRESS}

    def tidied(self) -> Mapping[str, str | None]:
        """What the person most likely meant; raises InvalidInput without an issuer.

        And InvalidPublisher for an address of another forge than the issuer's.
        """
        issuer = self.required_issuer()
        typed = taken_apart(issuer, {shown.rule.name: shown.value for shown in self.fields})
        return issuer.adapter.tidy({name: value or None for name, value in typed.items()})

    def required_issuer(self) -> Issuer:
        if self.issuer is None:
            raise InvalidInput("Choose where the workflow runs.")
        return self.issuer

    def refused(self, refusal: Refusal) -> "PublisherForm":
        """The form again, with the complaint at its field where it names one."""
        name = str(refusal.extra.get("field", ""))
        if name.startswith("rules.") and name.removeprefix("rules.") in NAMES:
            return replace(self, errors={name: refusal.detail})
        if name in {*ABOUT, *(shown.rule.name for shown in self.fields)}:
            return replace(self, errors={name: refusal.detail})
        return replace(self, problem=refusal.detail)


def empty_form(
    offered: Iterable[Issuer], query: Mapping[str, str], *, repository: str = ""
) -> PublisherForm:
    """For a GET: filled from the link or from the crate's `repository`, never saved."""
    issuers = list(offered)
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
    if query.get(ADDRESS, "").strip() and not suggested.values:
        problem = NO_REPOSITORY
    return PublisherForm(
        issuers,
        issuer,
        suggested.values,
        suggested.from_link,
        rules=rule_form.safe_rules(issuer),
        problem=problem,
    )


def filled_form(
    rule: TrustRule, values: Mapping[str, str] | None = None, grant: PublisherCrate | None = None
) -> PublisherForm:
    """For editing: what is stored, with `values` laid over it."""
    stored = {name: value or "" for name, value in (rule.fields | rule.ids_in_form()).items()}
    return PublisherForm(
        [rule.issuer],
        rule.issuer,
        {**stored, **(values or {})},
        rules=dict(rule.rules),
        about=_about_of(grant) if grant else {},
    )


def _about_of(grant: PublisherCrate) -> dict[str, str]:
    """As the fields show it: an end at midnight is the day before, all of it."""
    end = grant.ends_at
    if end is None:
        shown = ""
    elif end.astimezone(UTC).time() == time():
        shown = f"{end.astimezone(UTC) - timedelta(days=1):%Y-%m-%d}"
    else:
        shown = end.astimezone(UTC).isoformat()
    return {"name": grant.name, "note": grant.note, "ends_at": shown}


def form_of_event(offered: Iterable[Issuer], event: ExchangeRefusal) -> PublisherForm:
    """For a GET: filled from a refused exchange, with what it says as the caution."""
    issuers = list(offered)
    if event.issuer not in issuers:
        return PublisherForm(issuers, None, problem=NOT_OPEN)
    values = from_event(event)
    told = {"repository": event.typed_workload().repository, "workflow": event.workload["workflow"]}
    return PublisherForm(
        issuers,
        event.issuer,
        values,
        {name: printable(str(value)) for name, value in told.items()},
        rules=rule_form.safe_rules(event.issuer),
    )


def sent_form(offered: Iterable[Issuer], sent: Mapping[str, str]) -> PublisherForm:
    """For a POST: the issuer by its id alone, and the values as they were typed."""
    issuers = list(offered)
    issuer = next((found for found in issuers if str(found.pk) == sent.get("issuer")), None)
    if issuer is None:
        return PublisherForm(issuers, None)
    provider = issuer.adapter
    values = {
        # PostgreSQL stores no NUL.
        rule.name: sent.get(rule.name, "").replace("\0", "")
        for rule in provider.fields
    }
    rules = rule_form.rules_of(sent, provider.rule_options)
    about = {name: sent.get(f"about_{name}", "").replace("\0", "") for name in ABOUT}
    return PublisherForm(issuers, issuer, values, rules=rules, about=about)
