"""One function per letter about accounts."""

from collections.abc import Mapping

from allauth.account.models import EmailAddress
from django.conf import settings
from django.template.loader import render_to_string

from accounts.models import ApiToken, User
from adapters.mail import send_letter


def token_created(token: ApiToken) -> None:
    """Tells its owner that a token was made, in case it was somebody else."""
    address = token.user.verified_email()
    if address is None:
        return
    send(
        "token_created",
        [address],
        {"token": token, "address": f"{settings.PUBLIC_URL}/settings/tokens"},
    )


def token_ended(token: ApiToken, reason: str) -> None:
    """Goes out even to an address that was never confirmed: builds fail from now on."""
    if address := token.user.any_email():
        link = f"{settings.PUBLIC_URL}/settings/tokens"
        send("token_ended", [address], {"token": token, "reason": reason, "address": link})


def confirm_address(address: EmailAddress, token: str) -> None:
    """Goes to the address itself: who reads it there has it."""
    send(
        "confirm_address",
        [address.email],
        {
            "login": address.user.login,
            "public_url": settings.PUBLIC_URL,
            "address": f"{settings.PUBLIC_URL}/confirm/{token}",
        },
    )


def address_changed(user: User, former: str) -> None:
    """Goes to the address that no longer counts: its owner may not have been the one to change."""
    send("address_changed", [former], {"login": user.login, "address": settings.PUBLIC_URL})


def token_expiring(token: ApiToken) -> None:
    """Three days ahead, once (accounts.operations.expiring_tokens)."""
    address = token.user.verified_email()
    if address is None:
        return
    link = f"{settings.PUBLIC_URL}/settings/tokens/new?from={token.pk}"
    send("token_expiring", [address], {"token": token, "address": link})


def notifications_off(user: User) -> None:
    address = user.verified_email()
    if address is None:
        return
    send(
        "notifications_off",
        [address],
        {"login": user.login, "address": f"{settings.PUBLIC_URL}/settings/notifications"},
    )


def second_factor(user: User, change: str) -> None:
    """`change` is what happened to it, as a participle."""
    address = user.verified_email()
    if address is None:
        return
    facts: dict[str, object] = {
        "login": user.login,
        "change": change,
        "public_url": settings.PUBLIC_URL,
        "address": f"{settings.PUBLIC_URL}/settings/log",
    }
    send("second_factor", [address], facts)


def account_moderated(user: User, change: str, reason: str) -> None:
    """`change` as in "is locked until further notice"; to any address, for sign-in may be shut."""
    if address := user.any_email():
        facts: dict[str, object] = {
            "login": user.login,
            "change": change,
            "reason": reason,
            "is_shut": user.is_locked(),
            "hides": user.quarantined_at is not None,
            "public_url": settings.PUBLIC_URL,
        }
        send("account_moderated", [address], facts)


def account_deleted(address: str, login: str) -> None:
    """The last letter, to where nothing else knows of any more."""
    send("account_deleted", [address], {"login": login, "public_url": settings.PUBLIC_URL})


# Those about what somebody else may have done.
NAMING_SECURITY_CONTACT = frozenset(
    (
        "address_changed api_token_used environment_ignored exchanges_refused opening_asked "
        "owner_added owner_removed provenance_break publish_token_leaked publisher_added "
        "publisher_changed publisher_edited publisher_removed publisher_renamed "
        "publisher_suspended second_factor team_added token_created token_leaked "
        "trustpub_only_changed trustpub_only_ending"
    ).split()
)


def send(
    letter: str,
    receivers: list[str],
    context: dict[str, object],
    headers: Mapping[str, str] | None = None,
) -> None:
    """Renders templates/emails/<letter>/ and sends it to each receiver apart."""
    folder = f"emails/{letter}"
    send_letter(
        to=receivers,
        subject=render_to_string(f"{folder}/subject.txt", context).strip(),
        text=render_to_string(f"{folder}/text.txt", context) + _contact(letter),
        html=None,
        headers=headers,
    )


def _contact(letter: str) -> str:
    if not settings.SECURITY_CONTACT or letter not in NAMING_SECURITY_CONTACT:
        return ""
    return f"\nThis registry's security contact: {settings.SECURITY_CONTACT}\n"
