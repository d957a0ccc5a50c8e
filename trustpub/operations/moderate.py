"""What moderators do about publishers and publish tokens; owners cannot undo it."""

from django.db import transaction
from django.utils import timezone

from accounts import audit
from accounts.audit import Acting
from accounts.errors import InvalidInput
from accounts.powers import Power, require_power
from adapters import jobs
from trustpub.models import Publisher, PublishToken
from trustpub.models.publisher import STOPPED_BY


@transaction.atomic
def stop_publisher(*, actor: Acting, publisher: Publisher, reason: str) -> None:
    """It grants nothing for any of its crates, and its live tokens die; the owners are told.

    Raises NotAllowed, or InvalidInput for one that is not active.
    """
    locked = _locked(actor, publisher)
    if locked.state != Publisher.State.ACTIVE:
        raise InvalidInput(f"{locked} is not active: {locked.state_reason or locked.state}")
    locked.state = Publisher.State.SUSPENDED
    locked.state_reason = f"{STOPPED_BY}{reason}"[:255]
    locked.save(update_fields=["state", "state_reason"])
    # Also after it is released.
    locked.grants.update(changed_at=timezone.now())
    _record(actor, locked, "publisher.suspended")
    jobs.after_commit("trustpub.mail_publisher_suspended", locked.pk)


@transaction.atomic
def release_publisher(*, actor: Acting, publisher: Publisher) -> None:
    """Raises NotAllowed, or InvalidInput for one that no moderator stopped."""
    locked = _locked(actor, publisher)
    if not locked.is_stopped:
        raise InvalidInput(f"no moderator has stopped {locked}")
    locked.state, locked.state_reason = Publisher.State.ACTIVE, ""
    locked.save(update_fields=["state", "state_reason"])
    _record(actor, locked, "publisher.resumed")
    for grant_id in locked.grants.values_list("pk", flat=True):
        by = "the moderators of the registry"
        jobs.after_commit("trustpub.mail_publisher_changed", grant_id, "released", by)


@transaction.atomic
def end_publish_token(*, actor: Acting, token: PublishToken) -> None:
    """Raises NotAllowed, or InvalidInput for one that has ended already."""
    require_power(actor, Power.MODERATE)
    locked = PublishToken.objects.select_for_update().get(pk=token.pk)
    if locked.revoked_at or locked.expires_at <= timezone.now():
        raise InvalidInput(f"{locked} has ended already")
    locked.revoked_at, locked.revoked_because = timezone.now(), "revoked by a moderator"
    locked.save(update_fields=["revoked_at", "revoked_because"])
    audit.record("publish_token.revoked", actor=actor, subject=str(locked))


def _locked(actor: Acting, publisher: Publisher) -> Publisher:
    require_power(actor, Power.MODERATE)
    return Publisher.objects.select_for_update(of=("self",)).get(pk=publisher.pk)


def _record(actor: Acting, publisher: Publisher, event: str) -> None:
    for grant in publisher.grants.select_related("crate").order_by("pk"):
        audit.record(
            event,
            actor=actor,
            crate=grant.crate.name,
            subject=str(publisher),
            after=publisher.facts() | {"state": publisher.state},
        )
