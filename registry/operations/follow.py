"""Follows a crate, and stops following it."""

from accounts.models import User
from registry.models import Crate, Follow


def follow(*, user: User, crate: Crate) -> None:
    """Nothing happens if the user follows it already."""
    Follow.objects.bulk_create([Follow(user=user, crate=crate)], ignore_conflicts=True)


def unfollow(*, user: User, crate: Crate) -> None:
    """Nothing happens if the user does not follow it."""
    Follow.objects.filter(user=user, crate=crate).delete()
