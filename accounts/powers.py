"""Who keeps the registry clean: moderators, and administrators for the rest."""

from dataclasses import dataclass
from enum import StrEnum

from accounts.audit import Acting
from accounts.errors import NotAllowed
from accounts.models import User


class Power(StrEnum):
    """What somebody may do beyond their own crates and account."""

    MODERATE = "moderators"
    ADMINISTER = "administrators"

    def is_held_by(self, user: object) -> bool:
        """Whether the account has it now; never one that is locked."""
        if not isinstance(user, User) or not user.is_active or user.is_locked():
            return False
        if user.is_superuser:
            return True
        return self is Power.MODERATE and user.moderator_since is not None


@dataclass(frozen=True, slots=True)
class Moderator:
    """A person who acts for the registry; each event that they cause says why."""

    user: User
    because: str
    kind: str = "person"

    @property
    def identifier(self) -> str:
        return str(self.user.pk)

    @property
    def label(self) -> str:
        return self.user.login


def require_power(actor: Acting, power: Power) -> None:
    """Raises NotAllowed for whoever has it not; the shell has all."""
    if actor.kind != "system" and not power.is_held_by(_person(actor)):
        raise NotAllowed(f"only {power} of this registry may do that")


def require_power_over(actor: Acting, user: User, power: Power = Power.MODERATE) -> None:
    """The same for what concerns an account: one's own is never meant, nor those of equals."""
    require_power(actor, power)
    person = _person(actor)
    if person is None:
        return
    if person == user:
        raise NotAllowed("this is your own account; ask another administrator")
    is_staff = user.is_staff or user.is_superuser or user.moderator_since is not None
    if is_staff and not Power.ADMINISTER.is_held_by(person):
        raise NotAllowed(f"{user.login} is on the staff of this registry: ask an administrator")


def _person(actor: Acting) -> User | None:
    found = actor if isinstance(actor, User) else getattr(actor, "user", None)
    return found if isinstance(found, User) else None
