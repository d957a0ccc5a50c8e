"""Locks an account, until a day or for good, and opens it again."""

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from accounts import audit
from accounts.audit import Acting
from accounts.errors import InvalidInput
from accounts.models import User
from accounts.powers import require_power_over
from adapters import jobs


@transaction.atomic
def lock(*, actor: Acting, user: User, reason: str, until: datetime | None = None) -> None:
    """Sessions and tokens are refused from now on, with the reason; None: for good.

    Raises NotAllowed, or InvalidInput for a day that is past and a lock that stands already.
    """
    locked = _held(actor, user)
    if until is not None and until <= timezone.now():
        raise InvalidInput("choose a day to come until which the account is locked")
    if locked.locked_at and (locked.locked_until, locked.lock_reason) == (until, reason[:255]):
        raise InvalidInput(f"{locked.login} is locked like that already")
    before = _facts(locked)
    locked.locked_at = timezone.now()
    locked.locked_until, locked.lock_reason = until, reason[:255]
    _save(actor, locked, "user.locked", before)
    end = f"until {until:%Y-%m-%d %H:%M} UTC" if until else "until further notice"
    tell(locked, f"is locked {end}", locked.lock_reason)


@transaction.atomic
def unlock(*, actor: Acting, user: User) -> None:
    """Raises NotAllowed, or InvalidInput for an account that is not locked."""
    locked = _held(actor, user)
    if locked.locked_at is None:
        raise InvalidInput(f"{locked.login} is not locked")
    before = _facts(locked)
    locked.locked_at = locked.locked_until = None
    locked.lock_reason = ""
    _save(actor, locked, "user.unlocked", before)
    tell(locked, "is no longer locked")


def tell(user: User, change: str, reason: str = "") -> None:
    """A letter to somebody on whose account a moderator acted, once that is committed."""
    jobs.after_commit("accounts.mail_account_moderated", user.pk, change, reason)


def _held(actor: Acting, user: User) -> User:
    locked = User.objects.select_for_update().get(pk=user.pk)
    require_power_over(actor, locked)
    return locked


def _save(actor: Acting, user: User, event: str, before: dict[str, object]) -> None:
    user.save(update_fields=["locked_at", "locked_until", "lock_reason"])
    audit.record(event, actor=actor, subject=user.login, before=before, after=_facts(user))


def _facts(user: User) -> dict[str, object]:
    return {
        "locked_until": user.locked_until.isoformat() if user.locked_until else None,
        "lock_reason": user.lock_reason,
    }
