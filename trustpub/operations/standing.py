"""Whether rights that rest on a person still hold."""

from accounts.errors import NotAllowed
from accounts.models import User


def in_good_standing(user: User) -> bool:
    """Active, not locked, and with a verified address."""
    return user.is_active and not user.is_locked() and user.verified_email() is not None


def check_registrant(user: User) -> None:
    """Raises NotAllowed unless the person may set up trust."""
    if not in_good_standing(user):
        raise NotAllowed("You must verify your email address to create a Trusted Publishing config")
