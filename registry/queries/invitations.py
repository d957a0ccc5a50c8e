"""Invitations that wait for an answer, as lists and letters name them."""

from accounts import token_text
from accounts.errors import NotFound
from accounts.models import User
from registry.models import Crate, Invitation
from registry.models.invitation import InvitationQuerySet


def invitations_to(user: User) -> InvitationQuerySet:
    """What the person may still accept; one query, whoever else is named."""
    return Invitation.objects.live().with_everybody().filter(invitee=user, crate__hidden_at=None)


def invitations_of(crate: Crate) -> InvitationQuerySet:
    """Who may still accept; one query."""
    return Invitation.objects.live().with_everybody().filter(crate=crate)


def invitation_in_letter(token: str) -> Invitation:
    """Also one that is expired; raises NotFound."""
    rows = Invitation.objects.with_everybody()
    rows = rows.filter(invitee__is_active=True, crate__hidden_at=None)
    found = rows.filter(digest=token_text.digest(token)).first()
    if found is None:
        raise NotFound(
            "This link leads to no invitation: it was answered, withdrawn, or replaced by a later "
            "one. Sign in to see the invitations that wait for you."
        )
    return found
