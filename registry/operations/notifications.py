"""Who hears of new versions: the switches of an account, of each crate, and a letter's own link."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.core import signing
from django.db import transaction

from accounts import audit
from accounts.audit import Acting
from accounts.errors import NotFound
from accounts.models import User
from accounts.operations.addresses import set_publish_notifications
from registry.models import Crate, Ownership
from registry.operations.invitations import Addressee

# Separates these signatures from all others that SECRET_KEY makes.
SALT = "waybill.unsubscribe"


@dataclass(frozen=True, slots=True)
class Subscription:
    """Whose letters about which crate; None where the crate is theirs no longer."""

    user: User
    crate: Crate | None


@transaction.atomic
def set_crate_notifications(
    *, user: User, switches: Iterable[tuple[int, bool]], actor: Acting | None = None
) -> None:
    """Crate ids, and whether letters tell of their new versions; crates of others are passed over.

    `actor` where it is somebody of whom less is known than that they signed in.
    """
    wanted = dict(switches)
    rows = Ownership.objects.select_for_update(of=("self",)).select_related("crate")
    for ownership in rows.filter(user=user, crate_id__in=wanted).order_by("pk"):
        choice = wanted[ownership.crate_id]
        if ownership.email_notifications == choice:
            continue
        ownership.email_notifications = choice
        ownership.save(update_fields=["email_notifications"])
        audit.record(
            "owner.notifications_changed",
            actor=actor or user,
            crate=ownership.crate.name,
            subject=user.login,
            after={"email_notifications": choice},
        )


@transaction.atomic
def set_notifications(
    *, user: User, all_crates: bool, switches: Iterable[tuple[int, bool]]
) -> None:
    """The account's switch and those of crates, in one step."""
    set_publish_notifications(user=user, wanted=all_crates)
    set_crate_notifications(user=user, switches=switches)


def unsubscribe(*, token: str, crate_alone: bool) -> Subscription:
    """Whoever has the letter ends such letters, about its crate or about all; raises NotFound."""
    found = subscription_of(token)
    actor = Addressee(found.user)
    if not crate_alone:
        set_publish_notifications(user=found.user, wanted=False, actor=actor)
    elif found.crate:
        switches = [(found.crate.pk, False)]
        set_crate_notifications(user=found.user, switches=switches, actor=actor)
    return found


def unsubscribe_token(user: User, crate: Crate) -> str:
    """For a link that works without a sign-in, and can do nothing else."""
    return signing.Signer(salt=SALT).sign(f"{user.pk}.{crate.pk}")


def subscription_of(token: str) -> Subscription:
    """Raises NotFound for what this registry never signed."""
    try:
        user_id, crate_id = signing.Signer(salt=SALT).unsign(token).split(".")
    except signing.BadSignature:
        raise NotFound("This link is not one of ours, or it is not whole.") from None
    user = User.objects.filter(pk=user_id).first()
    if user is None:
        raise NotFound
    return Subscription(user, Crate.objects.owned_by(user).filter(pk=crate_id).first())
