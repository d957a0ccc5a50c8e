"""Makes accounts and keeps them in step with GitHub."""

import re
import secrets
from collections.abc import Callable

from allauth.account.models import EmailAddress
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction

from accounts import audit
from accounts.audit import Acting
from accounts.errors import InvalidInput
from accounts.models import User

LOGIN = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_-]{0,62}[A-Za-z0-9])?")


class Shell:
    """The operator at the command line."""

    kind = "system"
    identifier = ""

    def __init__(self, command: str, because: str = "") -> None:
        self.label = command
        self.because = because


@transaction.atomic
def create_user(
    *, actor: Acting, login: str, email: str = "", github_id: int | None = None
) -> User:
    """An account with a verified address.

    Raises InvalidInput for a login or address that is none, or that is taken.
    """
    if not LOGIN.fullmatch(login):
        raise InvalidInput(
            f"`{login[:64]}` is no login: 1 to 64 letters, digits, - and _, not - or _ at the ends"
        )
    _check_address(email)
    try:
        with transaction.atomic():
            user = User(login=login, github_id=github_id, email=email)
            user.set_unusable_password()
            user.save()
    except IntegrityError:
        raise InvalidInput(
            f"login `{login}` or GitHub id {github_id} already has an account; choose another"
        ) from None
    if email:
        EmailAddress.objects.create(user=user, email=email, primary=True, verified=True)
    audit.record("user.created", actor=actor, subject=login, after={"github_id": github_id})
    return user


@transaction.atomic
def make_administrator(*, actor: Acting, user: User, password: str) -> None:
    """Lets the user into the admin with a password, which is stored as a hash."""
    user.is_staff = user.is_superuser = True
    user.set_password(password)
    user.save()
    audit.record("user.made_administrator", actor=actor, subject=user.login)


@transaction.atomic
def take_login(*, user: User, login: str) -> None:
    """Gives the user the login that GitHub reports now.

    Whoever still holds it here was renamed on GitHub; that account keeps everything but the name,
    which becomes `login--ID` until its owner signs in again.
    """
    holder = User.objects.select_for_update().filter(login__iexact=login).exclude(pk=user.pk)
    for previous in holder:
        before = previous.login
        previous.login = _free_login(before, previous.pk)
        previous.save(update_fields=["login"])
        audit.record(
            "user.login_released",
            actor=user,
            subject=previous.login,
            before={"login": before},
            after={"login": previous.login},
        )
    if user.login != login:
        before, user.login = user.login, login
        if user.pk:
            user.save(update_fields=["login"])
            audit.record(
                "user.renamed",
                actor=user,
                subject=login,
                before={"login": before},
                after={"login": login},
            )


def save_with_free_login(user: User, wanted: str, save: Callable[[], object]) -> None:
    """Saves a new account under the wanted login, or one like it; nobody's name is taken away."""
    tidy = re.sub(r"[^A-Za-z0-9]+", "-", wanted)[:40].strip("-") or "user"
    chance = (f"{tidy}-{secrets.token_hex(4)}" for _ in range(3))
    for login in (tidy, *(f"{tidy}-{number}" for number in range(2, 6)), *chance):
        user.login = login
        try:
            with transaction.atomic():
                save()
        except IntegrityError:
            user.pk = None
        else:
            return
    raise InvalidInput("no login is free for this account; try again")


def _free_login(login: str, number: int) -> str:
    """Two hyphens in a row: no login of GitHub's has them, so nobody else can come to hold it."""
    return f"{login[:40]}--{number}"


def _check_address(email: str) -> None:
    try:
        if email and not email.endswith("@localhost"):
            validate_email(email)
    except ValidationError:
        raise InvalidInput(f"`{email[:100]}` is not an e-mail address") from None
