"""One publisher for equal rules, whichever crates they are for."""

import hashlib
from datetime import datetime

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from accounts.models import User
from trustpub.errors import StoppedByModerators
from trustpub.models import Publisher
from trustpub.operations.rules import RuleFields


def shared_publisher(rule: RuleFields, created_by: User | None) -> Publisher:
    """The active publisher of that rule, or a new one; for use inside a transaction.

    A publisher that was stopped, or whose pinned repository is not known to be the one that has
    the name now, is not the same rule any more: it keeps its crates, and the rule starts afresh.
    Otherwise whoever had the name before could publish the crates of who has it now. Raises
    StoppedByModerators while a publisher of the same repository is stopped.
    """
    known = Publisher.objects.select_for_update().filter(
        issuer=rule["issuer"], digest=rule["digest"]
    )
    same = Q(repository_folded=rule["repository_folded"])
    if rule["repository_id"]:
        same |= Q(repository_id=rule["repository_id"])
    stopped = Publisher.objects.filter(same, issuer=rule["issuer"])
    if any(publisher.is_stopped for publisher in stopped.filter(state=Publisher.State.SUSPENDED)):
        raise StoppedByModerators
    for publisher in known:
        if not publisher.is_enabled() or _is_another(publisher, rule):
            detach(publisher)
    publisher, is_new = Publisher.objects.get_or_create(
        issuer=rule["issuer"],
        digest=rule["digest"],
        defaults={
            **rule,
            "created_by": created_by,
            "pinned_at": timezone.now() if _is_pinned(rule) else None,
            "pin_before": _deadline(rule),
        },
    )
    if not is_new and not publisher.is_pinned and _is_pinned(rule):
        publisher.repository_id = rule["repository_id"]
        publisher.repository_owner_id = rule["repository_owner_id"]
        publisher.pinned_at, publisher.pin_before = timezone.now(), None
        publisher.save()
    return publisher


def take_place(publisher: Publisher) -> None:
    """Frees the digest that a renamed publisher has now from whichever held it before."""
    others = Publisher.objects.filter(issuer=publisher.issuer, digest=publisher.digest)
    for other in others.exclude(pk=publisher.pk):
        detach(other)


def detach(publisher: Publisher) -> None:
    """Gives up the place of its rule, so that the same rule can be made anew."""
    text = f"{publisher.digest}:{publisher.pk}"
    publisher.digest = hashlib.sha256(text.encode()).hexdigest()
    publisher.save(update_fields=["digest"])


def _is_another(publisher: Publisher, rule: RuleFields) -> bool:
    """An id that the publisher has must be the rule's too; one that it lacks may come."""
    pairs = (
        (publisher.repository_id, rule["repository_id"]),
        (publisher.repository_owner_id, rule["repository_owner_id"]),
    )
    return any(ours and ours != theirs for ours, theirs in pairs)


def _is_pinned(rule: RuleFields) -> bool:
    return bool(rule["repository_id"] and rule["repository_owner_id"])


def _deadline(rule: RuleFields) -> datetime | None:
    if _is_pinned(rule):
        return None
    return timezone.now() + settings.UNPINNED_PUBLISHER_LIFETIME
