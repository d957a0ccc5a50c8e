"""Changes the address of an account, and takes the proof that it is its owner's."""

from datetime import timedelta

from allauth.account.models import EmailAddress
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction

from accounts import audit, limits, token_text
from accounts.audit import Acting
from accounts.errors import InvalidInput
from accounts.models import AddressConfirmation, User
from adapters import jobs

# Letters to addresses that nobody has confirmed yet.
LETTERS_PER_DAY = 20
DAY = timedelta(days=1)


@transaction.atomic
def change_address(*, user: User, email: str) -> None:
    """The account has this address alone, unverified until its owner follows the letter's link.

    Raises InvalidInput for what is no address, and TooManyRequests.
    """
    wanted = email.strip()
    if not wanted:
        raise InvalidInput("empty email rejected")
    try:
        validate_email(wanted)
    except ValidationError:
        raise InvalidInput("invalid email address") from None
    _count_letter(user)
    locked = User.objects.select_for_update().get(pk=user.pk)
    former = locked.verified_email()
    EmailAddress.objects.filter(user=locked).delete()
    # What is not confirmed keeps nobody else from having it.
    locked.email = ""
    locked.save(update_fields=["email"])
    address = EmailAddress.objects.create(
        user=locked, email=wanted.lower(), primary=True, verified=False
    )
    audit.record("user.address_changed", actor=user, subject=user.login)
    jobs.after_commit("accounts.mail_confirm_address", address.pk)
    if former and former != address.email:
        # Somebody with a stolen session would otherwise take over the letters unnoticed.
        jobs.after_commit("accounts.mail_address_changed", locked.pk, former)


def resend(*, user: User) -> None:
    """Another letter to the account's address; raises InvalidInput and TooManyRequests."""
    address = EmailAddress.objects.filter(user=user).order_by("-primary", "pk").first()
    if address is None:
        raise InvalidInput("Email could not be found. Add an address first.")
    _count_letter(user)
    jobs.after_commit("accounts.mail_confirm_address", address.pk)


def new_confirmation(address: EmailAddress) -> str:
    """The text of a new token for the letter; only its digest is kept."""
    token = token_text.new_letter_token()
    AddressConfirmation.objects.create(address=address, digest=token_text.digest(token))
    return token


@transaction.atomic
def confirm_address(*, token: str) -> None:
    """Whoever has the token has read the letter. Raises InvalidInput."""
    rows = AddressConfirmation.objects.select_related("address__user")
    found = rows.filter(digest=token_text.digest(token)).first()
    if found is None:
        raise InvalidInput("Email belonging to token not found.")
    address: EmailAddress = found.address
    user: User = address.user
    address.verified = True
    user.email = address.email
    try:
        with transaction.atomic():
            address.save(update_fields=["verified"])
            user.save(update_fields=["email"])
    except IntegrityError:
        raise InvalidInput("this address belongs to another account; choose another") from None
    audit.record("user.address_confirmed", actor=user, subject=user.login)


@transaction.atomic
def set_publish_notifications(*, user: User, wanted: bool, actor: Acting | None = None) -> None:
    """Whether letters tell of new versions; switching them off is confirmed by a last one.

    `actor` where it is somebody of whom less is known than that they signed in.
    """
    locked = User.objects.select_for_update().get(pk=user.pk)
    if locked.publish_notifications == wanted:
        return
    locked.publish_notifications = wanted
    locked.save(update_fields=["publish_notifications"])
    audit.record(
        "user.notifications_changed",
        actor=actor or user,
        subject=user.login,
        after={"publish_notifications": wanted},
    )
    if not wanted:
        jobs.after_commit("accounts.mail_notifications_off", locked.pk)


def _count_letter(user: User) -> None:
    limits.hit(
        "address-confirmation",
        str(user.pk),
        limit=LETTERS_PER_DAY,
        window=DAY,
        what="confirmation letters today",
    )
