"""Deeds on crates: what they have in common."""

from accounts.admin import deeds
from accounts.models import User
from registry.actors import Moderator


class Deed(deeds.Deed):
    """Done by an actor whom the policies of crates know."""

    def actor(self, user: User, reason: str) -> Moderator:
        return Moderator(user, reason)
