"""Makes an account a moderator's, and an ordinary one again."""

from django.db import transaction
from django.utils import timezone

from accounts import audit
from accounts.audit import Acting
from accounts.errors import InvalidInput
from accounts.models import User
from accounts.powers import Power, require_power_over


@transaction.atomic
def make_moderator(*, actor: Acting, user: User) -> None:
    """Lets somebody into the admin for moderation and nothing else.

    Raises NotAllowed, or InvalidInput for whoever is more or the same already.
    """
    locked = _held(actor, user)
    if locked.is_superuser or locked.moderator_since:
        raise InvalidInput(f"{locked.login} may moderate already")
    if not locked.is_active or locked.is_locked():
        raise InvalidInput(f"{locked.login} is locked; unlock the account first")
    locked.moderator_since = timezone.now()
    locked.is_staff = True
    _save(actor, locked, "user.made_moderator")


@transaction.atomic
def end_moderator(*, actor: Acting, user: User) -> None:
    """Raises NotAllowed, or InvalidInput for whoever is no moderator."""
    locked = _held(actor, user)
    if locked.moderator_since is None:
        raise InvalidInput(f"{locked.login} is no moderator")
    locked.moderator_since = None
    locked.is_staff = locked.is_superuser
    _save(actor, locked, "user.no_moderator")


def _held(actor: Acting, user: User) -> User:
    locked = User.objects.select_for_update().get(pk=user.pk)
    require_power_over(actor, locked, Power.ADMINISTER)
    return locked


def _save(actor: Acting, user: User, event: str) -> None:
    user.save(update_fields=["moderator_since", "is_staff"])
    audit.record(event, actor=actor, subject=user.login)
