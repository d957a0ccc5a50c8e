"""Deeds on crates: what they have in common."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django import forms

from accounts.admin import deeds
from accounts.admin.deeds import DeedForm
from accounts.models import User
from registry.actors import Moderator

LONGEST_HOLD = 3650


class Deed(deeds.Deed):
    """Done by an actor whom the policies of crates know."""

    def actor(self, user: User, reason: str) -> Moderator:
        return Moderator(user, reason)


class HoldForm(DeedForm):
    """How long nobody gets the name, or the number, of what is deleted."""

    days = forms.IntegerField(
        required=False,
        min_value=1,
        max_value=LONGEST_HOLD,
        label="Held for days",
        help_text="So long nobody can publish under it. Empty: for good.",
    )


def held_for(data: Mapping[str, Any]) -> timedelta | None:
    return timedelta(days=data["days"]) if data["days"] else None


def hold_in_words(data: Mapping[str, Any]) -> str:
    return f"for {data['days']} days" if data["days"] else "for good"
