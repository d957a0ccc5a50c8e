"""A second owner's consent to what opens a protected crate (reference, g.3 and threat 32)."""

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from accounts import audit
from accounts.models import AuditEvent, User
from adapters import jobs
from registry.actors import Actor
from registry.models import Crate, Ownership
from trustpub.models import OpeningRequest


def has_second_owner(crate: Crate, person: User | None) -> bool:
    """Whether `person` has to wait for another owner; never the operator, who is nobody.

    Whoever was removed within the last TRUSTPUB_ONLY_DELAY counts: otherwise a thief of one
    account would remove the others first.
    """
    if person is None or not settings.SECOND_OWNER_CONSENT:
        return False
    if crate.ownerships.exclude(user=None).exclude(user=person).exists():
        return True
    removed = AuditEvent.objects.filter(
        crate=crate.name,
        name="owner.removed",
        at__gt=timezone.now() - settings.TRUSTPUB_ONLY_DELAY,
    )
    # Teams have a colon in their name, and nothing to say here.
    return removed.exclude(subject__contains=":").exclude(subject=person.login).exists()


def may_agree(crate: Crate, person: User | None, asked_by: User | None) -> bool:
    """Whether `person` is a second owner: another one, and not made one for the occasion."""
    if person is None or person == asked_by:
        return False
    return _settled_owners(crate).filter(user=person).exists()


@transaction.atomic
def agrees_to_open(actor: Actor, crate: Crate) -> bool:
    """Whether API tokens may publish again after the delay; else the wish is kept.

    The second owner agrees by asking for the same. The caller holds the crate's lock.
    """
    if not has_second_owner(crate, actor.user):
        OpeningRequest.objects.filter(crate=crate).delete()
        return True
    asked = OpeningRequest.objects.filter(crate=crate).select_related("asked_by").first()
    if asked and may_agree(crate, actor.user, asked.asked_by):
        asked.delete()
        return True
    if asked is None and actor.user is not None:
        OpeningRequest.objects.create(crate=crate, asked_by=actor.user)
        audit.record("crate.trustpub_only.asked", actor=actor, crate=crate.name, subject=crate.name)
        jobs.after_commit("trustpub.mail_opening_asked", crate.pk, actor.label)
    return False


@transaction.atomic
def forget_wish(actor: Actor, crate: Crate) -> None:
    """An owner called it off."""
    gone, _ = OpeningRequest.objects.filter(crate=crate).delete()
    if gone:
        audit.record("crate.trustpub_only.kept", actor=actor, crate=crate.name, subject=crate.name)


def _settled_owners(crate: Crate) -> QuerySet[Ownership]:
    settled = timezone.now() - settings.TRUSTPUB_ONLY_DELAY
    return crate.ownerships.exclude(user=None).filter(created_at__lte=settled)
