"""Stops the jobs of a repository, or of all that an account owns, and lets them go on again."""

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from accounts import audit
from accounts.audit import Acting
from accounts.errors import InvalidInput
from accounts.powers import Power, require_power
from trustpub.models import BlockedSource, PublishToken

BLOCKED = "repository blocked by an administrator"


@transaction.atomic
def block(*, actor: Acting, source: BlockedSource) -> None:
    """From now on its jobs exchange nothing, and the tokens that they hold are dead."""
    require_power(actor, Power.MODERATE)
    try:
        with transaction.atomic():
            source.save()
    except IntegrityError:
        raise InvalidInput(f"{source} is blocked already") from None
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
    require_power(actor, Power.MODERATE)
    audit.record(
        "source.unblocked", actor=actor, subject=str(source), before={"reason": source.reason}
    )
    source.delete()
