"""Stops the jobs of a repository, or of all that an account owns, and lets them go on again."""

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from accounts import audit
from accounts.audit import Acting
from trustpub.models import BlockedSource, PublishToken

BLOCKED = "repository blocked by an administrator"


@transaction.atomic
def block(*, actor: Acting, source: BlockedSource) -> None:
    """From now on its jobs exchange nothing, and the tokens that they hold are dead."""
    source.save()
    held = Q(workload__repository_id=source.repository_id)
    if source.owner_id:
        held = Q(workload__owner_id=source.owner_id)
    PublishToken.objects.usable().filter(held, issuer=source.issuer).update(
        revoked_at=timezone.now(), revoked_because=BLOCKED
    )
    audit.record(
        "source.blocked", actor=actor, subject=str(source), after={"reason": source.reason}
    )


@transaction.atomic
def unblock(*, actor: Acting, source: BlockedSource) -> None:
    audit.record(
        "source.unblocked", actor=actor, subject=str(source), before={"reason": source.reason}
    )
    source.delete()
