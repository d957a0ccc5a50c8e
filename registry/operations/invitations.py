"""Asks people to own a crate, and takes their answers.

Every step holds the crate's lock: of two that come at once the second finds what the first left.
"""

from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts import audit, limits, token_text
from accounts.authentication import reject_locked
from accounts.errors import InvalidInput, NotFound
from accounts.models import User
from accounts.step_up import require_factor
from adapters import jobs
from registry.actors import Actor, Person
from registry.errors import InvitationExpired, InviteeNotVerified
from registry.models import Crate, Invitation, Ownership
from registry.policies import Action, require
from registry.queries.lookup import held

DAY = timedelta(days=1)
# Each is a letter to somebody who did not ask for it.
INVITATIONS_PER_DAY = 100
INVITATIONS_OF_ONE_PERSON_PER_DAY = 5


class Addressee(Person):
    """Whoever has a letter that went to this person; no more is known of them."""

    kind = "letter"

    @property
    def label(self) -> str:
        return f"{self.user.login} (by letter)"


def invite(*, actor: Actor, inviter: User, crate: Crate, invitee: User) -> bool:
    """For a transaction that holds the crate; False where a live invitation waits already.

    Raises TooManyRequests.
    """
    now = timezone.now()
    former = Invitation.objects.filter(crate=crate, invitee=invitee).first()
    if former and former.expires_at > now:
        return False
    if former:
        former.delete()
    _count_letter(inviter, crate, invitee)
    invitation = Invitation.objects.create(
        crate=crate,
        invitee=invitee,
        inviter=inviter,
        created_at=now,
        expires_at=now + settings.OWNER_INVITATION_LIFETIME,
    )
    audit.record(
        "owner.invited",
        actor=actor,
        crate=crate.name,
        subject=invitee.login,
        after={"expires_at": invitation.expires_at.isoformat()},
    )
    jobs.after_commit("registry.mail_invitation", invitation.pk)
    return True


@transaction.atomic
def answer_invitation(*, actor: Person, crate_id: int, accepted: bool) -> Crate:
    """The actor becomes an owner, or says no, which works even after the end.

    Raises NotFound, InvitationExpired, InviteeNotVerified or SecondFactorRequired.
    """
    invitation = _locked(crate_id=crate_id, invitee=actor.user)
    if accepted:
        _accept(actor, invitation)
    else:
        _end(actor, invitation, "owner.declined")
    return invitation.crate


@transaction.atomic
def answer_by_letter(*, token: str, accepted: bool) -> Invitation:
    """Whoever has the letter answers for the invitee, as on crates.io.

    Raises NotFound, InvitationExpired, InviteeNotVerified, SecondFactorRequired or AccountLocked.
    """
    invitation = _locked(digest=token_text.digest(token))
    reject_locked(invitation.invitee)
    if not invitation.invitee.is_active:
        raise NotFound
    actor = Addressee(invitation.invitee)
    if accepted:
        _accept(actor, invitation)
    else:
        _end(actor, invitation, "owner.declined")
    return invitation


@transaction.atomic
def withdraw_invitation(*, actor: Actor, crate: Crate, login: str) -> None:
    """Raises InvalidInput where nothing waits for an answer, or a Refusal of the policy."""
    locked = held(crate.pk)
    require(actor, Action.CHANGE_OWNERS, locked)
    found = locked.invitations.with_everybody().filter(invitee__login__iexact=login).first()
    if found is None:
        raise InvalidInput(f"`{login[:64]}` has no pending invitation; they may have answered it")
    _end(actor, found, "owner.invitation_withdrawn")


def withdraw_live(*, actor: Actor, crate: Crate, login: str) -> bool:
    """For a transaction that holds the crate: whether there was one to withdraw."""
    live = crate.invitations.with_everybody().live()
    found = live.filter(invitee__login__iexact=login).first()
    if found:
        _end(actor, found, "owner.invitation_withdrawn")
    return found is not None


def withdraw_all_from(*, actor: Actor, crate: Crate, inviter: User) -> None:
    """For a transaction that holds the crate, when the inviter no longer speaks for it."""
    for invitation in crate.invitations.with_everybody().filter(inviter=inviter):
        _end(actor, invitation, "owner.invitation_withdrawn")


def new_token(invitation: Invitation) -> str:
    """The text for a letter, in place of an earlier one; only its digest is kept."""
    token = token_text.new_letter_token()
    Invitation.objects.filter(pk=invitation.pk).update(digest=token_text.digest(token))
    return token


def _locked(**key: object) -> Invitation:
    """Raises NotFound."""
    rows = Invitation.objects.filter(**key)
    crate_id = rows.values_list("crate_id", flat=True).first()
    if crate_id is None or Crate.objects.locked().filter(pk=crate_id).first() is None:
        raise NotFound
    # Asked again: somebody may have answered while this waited for the lock.
    found = rows.with_everybody().first()
    if found is None:
        raise NotFound
    return found


def _accept(actor: Person, invitation: Invitation) -> None:
    crate, invitee = invitation.crate, invitation.invitee
    if invitation.is_expired():
        raise InvitationExpired(crate.name)
    if invitee.verified_email() is None:
        raise InviteeNotVerified(crate.name)
    require_factor(invitee)
    Ownership.objects.get_or_create(
        crate=crate, user=invitee, defaults={"created_by": invitation.inviter}
    )
    invitation.delete()
    audit.record(
        "owner.added",
        actor=actor,
        crate=crate.name,
        subject=invitee.login,
        after={"invited_by": invitation.inviter.login},
    )
    jobs.after_commit(
        "registry.mail_invitation_accepted", crate.pk, invitee.pk, invitation.inviter.login
    )


def _end(actor: Actor, invitation: Invitation, event: str) -> None:
    invitation.delete()
    audit.record(
        event,
        actor=actor,
        crate=invitation.crate.name,
        subject=invitation.invitee.login,
        before={"invited_by": invitation.inviter.login},
    )


def _count_letter(inviter: User, crate: Crate, invitee: User) -> None:
    limits.hit(
        "invitations-by",
        str(inviter.pk),
        limit=INVITATIONS_PER_DAY,
        window=DAY,
        what="invitations from you today",
    )
    limits.hit(
        "invitations-of",
        f"{crate.pk}:{invitee.pk}",
        limit=INVITATIONS_OF_ONE_PERSON_PER_DAY,
        window=DAY,
        what=f"invitations of {invitee.login} to {crate.name} today",
    )
