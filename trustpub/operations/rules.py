"""Makes a rule out of a form's fields, for publishers and pending publishers alike."""

from collections.abc import Mapping
from typing import TypedDict

from django.conf import settings
from django.utils import timezone

from trustpub import restrictions
from trustpub.conditions import Condition, ascii_fold, rule_digest
from trustpub.errors import InvalidPublisher
from trustpub.models import BlockedSource, Issuer, TrustRule
from trustpub.operations.identities import resolve
from trustpub.operations.switches import check_takes_publishers
from trustpub.providers.base import InvalidField, Provider, ProviderFields
from trustpub.restrictions import InvalidRule
from trustpub.workload import Workload


class RuleFields(TypedDict):
    """Columns of TrustRule that follow from issuer and form."""

    issuer: Issuer
    fields: dict[str, str | None]
    rules: dict[str, object]
    conditions: list[dict[str, object]]
    digest: str
    repository: str
    repository_folded: str
    repository_id: str
    repository_owner_id: str


def rule_fields(
    issuer: Issuer,
    form: Mapping[str, str | None],
    rules: Mapping[str, object] | None = None,
) -> RuleFields:
    """Checked, normalised and, where the forge can be asked, pinned.

    `rules` are restrictions beyond the form's fields; what they leave out is the operator's
    default. Raises InvalidPublisher with the field and the remedy.
    """
    check_takes_publishers(issuer)
    if issuer.state != Issuer.State.ENABLED:
        raise InvalidPublisher(f"{issuer.name} takes no new publishers at the moment")
    provider = issuer.adapter
    try:
        given = provider.normalise(form)
    except InvalidField as error:
        raise InvalidPublisher(str(error), extra={"field": error.field}) from None
    chosen = _chosen_rules(issuer, provider, given.get("environment"), rules or {})
    conditions = rule_conditions(provider, given, chosen)
    repository = provider.repository_of(given)
    ids = provider.ids_of(given)
    found = resolve(issuer, repository) if not (ids.repository_id and ids.owner_id) else None
    repository = (found and found.repository) or repository
    repository_id = ids.repository_id or (found.repository_id if found else "")
    owner_id = ids.owner_id or (found.owner_id if found else "")
    if BlockedSource.objects.of(issuer, repository_id, owner_id).exists():
        raise InvalidPublisher("an administrator of this registry has blocked that repository")
    return RuleFields(
        issuer=issuer,
        fields=provider.named_fields(provider.without_pins(given), repository),
        rules=chosen,
        conditions=[condition.as_dict() for condition in conditions],
        digest=rule_digest(issuer.url, conditions),
        repository=repository,
        repository_folded=ascii_fold(repository),
        repository_id=repository_id,
        repository_owner_id=owner_id,
    )


def pin(rule: TrustRule, workload: Workload) -> None:
    """Fixes the ids and the present name; the caller holds the row's lock and saves.

    The digest follows the name: after a rename the old name may belong to somebody else.
    """
    rule.repository_id = workload.repository_id
    rule.repository_owner_id = workload.owner_id
    rule.pinned_at = rule.pinned_at or timezone.now()
    rule.repository = workload.repository
    rule.repository_folded = ascii_fold(workload.repository)
    rule.fields = rule.provider.named_fields(rule.fields, workload.repository)
    conditions = rule_conditions(rule.provider, rule.fields, rule.rules)
    rule.conditions = [condition.as_dict() for condition in conditions]
    rule.digest = rule_digest(rule.issuer.url, conditions)


def columns_of(rule: TrustRule) -> RuleFields:
    """A stored rule as a new row of the same rule would have it."""
    return RuleFields(
        issuer=rule.issuer,
        fields=rule.fields,
        rules=rule.rules,
        conditions=rule.conditions,
        # Anew, because a rule that gave up its place has another.
        digest=rule_digest(rule.issuer.url, rule.typed_conditions()),
        repository=rule.repository,
        repository_folded=rule.repository_folded,
        repository_id=rule.repository_id,
        repository_owner_id=rule.repository_owner_id,
    )


def rule_conditions(
    provider: Provider, fields: ProviderFields, rules: Mapping[str, object]
) -> tuple[Condition, ...]:
    """What a job must satisfy: the provider's fields and the restrictions together."""
    return (*provider.conditions(fields), *restrictions.conditions(rules, provider.rule_options))


def _chosen_rules(
    issuer: Issuer, provider: Provider, environment: str | None, rules: Mapping[str, object]
) -> dict[str, object]:
    """What was asked for, over what the operator's settings say for this provider."""
    default = settings.DEFAULT_RULES.get(provider.kind, {})
    asked = {**default, **{name: value for name, value in rules.items() if value is not None}}
    try:
        chosen = restrictions.checked(asked, provider.rule_options, environment)
        restrictions.conditions(chosen, provider.rule_options)
    except InvalidRule as error:
        extra = {"field": f"rules.{error.name}"}
        raise InvalidPublisher(error.message, extra=extra) from None
    if restrictions.asks_for_owner(chosen) and not issuer.counts_our_people:
        raise InvalidPublisher(
            "`actor` can be checked only where people sign in to this registry with that forge",
            extra={"field": "rules.actor"},
        )
    return chosen
