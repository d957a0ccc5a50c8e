"""Makes a rule out of a form's fields, for publishers and pending publishers alike."""

from collections.abc import Mapping
from typing import TypedDict

from django.db.models import Q
from django.utils import timezone

from trustpub.conditions import ascii_fold, rule_digest
from trustpub.errors import InvalidPublisher
from trustpub.models import Issuer, PendingPublisher, Publisher, TrustRule
from trustpub.operations.identities import resolve
from trustpub.operations.switches import check_takes_publishers
from trustpub.providers.base import InvalidField
from trustpub.workload import Workload


class RuleFields(TypedDict):
    """Columns of TrustRule that follow from issuer and form."""

    issuer: Issuer
    fields: dict[str, str | None]
    conditions: list[dict[str, object]]
    digest: str
    repository: str
    repository_folded: str
    repository_id: str
    repository_owner_id: str


def rule_fields(issuer: Issuer, form: Mapping[str, str | None]) -> RuleFields:
    """Checked, normalised and, where the forge can be asked, pinned.

    Raises InvalidPublisher with the field and the remedy.
    """
    check_takes_publishers(issuer)
    if issuer.state != Issuer.State.ENABLED:
        raise InvalidPublisher(f"{issuer.name} takes no new publishers at the moment")
    provider = issuer.adapter
    try:
        given = provider.normalise(form)
    except InvalidField as error:
        raise InvalidPublisher(str(error), extra={"field": error.field}) from None
    conditions = provider.conditions(given)
    repository = provider.repository_of(given)
    ids = provider.ids_of(given)
    found = resolve(issuer, repository) if not (ids.repository_id and ids.owner_id) else None
    repository = (found and found.repository) or repository
    return RuleFields(
        issuer=issuer,
        fields=provider.named_fields(provider.without_pins(given), repository),
        conditions=[condition.as_dict() for condition in conditions],
        digest=rule_digest(issuer.url, conditions),
        repository=repository,
        repository_folded=ascii_fold(repository),
        repository_id=ids.repository_id or (found.repository_id if found else ""),
        repository_owner_id=ids.owner_id or (found.owner_id if found else ""),
    )


def locked_rules(issuer: Issuer, workload: Workload) -> list[Publisher | PendingPublisher]:
    """The issuer's rules for the job's repository, by id or by name, until the transaction ends.

    Whoever locks any of them locks all, in this order, so that nobody waits for each other.
    """
    same = Q(issuer=issuer) & (
        Q(repository_id=workload.repository_id)
        | Q(repository_folded=ascii_fold(workload.repository))
    )
    publishers = Publisher.objects.filter(same).order_by("pk")
    pending = PendingPublisher.objects.unexpired().filter(same).order_by("pk")
    return [
        *publishers.select_related("issuer").select_for_update(of=("self",)),
        *pending.select_related("issuer", "owner").select_for_update(of=("self",)),
    ]


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
    conditions = rule.provider.conditions(rule.fields)
    rule.conditions = [condition.as_dict() for condition in conditions]
    rule.digest = rule_digest(rule.issuer.url, conditions)


def columns_of(rule: TrustRule) -> RuleFields:
    """A stored rule as a new row of the same rule would have it."""
    return RuleFields(
        issuer=rule.issuer,
        fields=rule.fields,
        conditions=rule.conditions,
        digest=rule.digest,
        repository=rule.repository,
        repository_folded=rule.repository_folded,
        repository_id=rule.repository_id,
        repository_owner_id=rule.repository_owner_id,
    )
