"""Deletes an account, unless a crate would be left to nobody."""

from django.db import transaction

from accounts import audit
from accounts.models import User
from accounts.operations.erase import erase
from adapters import jobs
from registry.errors import SoleOwner
from registry.models import Crate, Ownership
from registry.operations.quarantine import follow_owners


@transaction.atomic
def close_account(*, user: User) -> None:
    """What was published stays, and no longer says by whom.

    Raises SoleOwner, which names the crates that another person has to own first.
    """
    # In one order, so that two owners who leave at once wait for each other.
    owned = Ownership.objects.filter(user=user).values_list("crate_id", flat=True)
    crates = list(Crate.everything.locked().filter(pk__in=list(owned)).order_by("pk"))
    if alone := sole_crates(user):
        raise SoleOwner(alone)
    for crate in crates:
        audit.record("owner.removed", actor=user, crate=crate.name, subject=user.login)
        jobs.after_commit("registry.mail_owner_left", crate.pk, user.login)
    erase(user)
    for crate in crates:
        follow_owners(crate)


def sole_crates(user: User) -> list[str]:
    """Names of the crates that no other person owns; members of teams cannot manage a crate."""
    others = Ownership.objects.filter(user__isnull=False).exclude(user=user)
    rows = Crate.everything.owned_by(user).exclude(pk__in=others.values("crate_id"))
    return list(rows.order_by("canonical_name").values_list("name", flat=True))
