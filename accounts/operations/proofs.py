"""Takes the proof that somebody who is signed in is still the one who signed in."""

from datetime import timedelta

from accounts import audit, limits
from accounts.errors import InvalidInput
from accounts.models import User
from accounts.operations.passkeys import check_passkey
from accounts.operations.second_factor import check_code
from accounts.passkeys import State

PASSWORDS = 10
WINDOW = timedelta(minutes=15)


def confirm_by_password(*, user: User, password: str) -> None:
    """Raises InvalidInput for a wrong one, and TooManyRequests for too many of them."""
    limits.hit("password", str(user.pk), limit=PASSWORDS, window=WINDOW, what="passwords tried")
    if not (user.has_usable_password() and user.check_password(password)):
        audit.record("session.confirmation_failed", actor=user, subject=user.login)
        raise InvalidInput("This is not your password.")
    audit.record("session.confirmed", actor=user, subject=user.login)


def confirm_by_code(*, user: User, code: str) -> None:
    """Raises InvalidInput for a code that is wrong or was used, and TooManyRequests."""
    check_code(user=user, code=code)
    audit.record("session.confirmed", actor=user, subject=user.login)


def confirm_by_passkey(*, user: User, answer: str, state: State | None) -> None:
    """Raises InvalidInput for an answer that proves nothing, and TooManyRequests."""
    check_passkey(user=user, answer=answer, state=state)
    audit.record("session.confirmed", actor=user, subject=user.login)


def confirm_by_choice(*, user: User) -> None:
    """Where anybody may sign in as anybody, their word is all there is."""
    audit.record("session.confirmed", actor=user, subject=user.login)
