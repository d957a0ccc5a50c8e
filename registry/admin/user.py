"""What of an account concerns crates, beside what accounts.admin knows of it."""

from collections.abc import Mapping, Sequence
from datetime import datetime, time
from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.utils import timezone

from accounts.admin.deeds import Deed as AnyDeed
from accounts.admin.deeds import DeedForm
from accounts.admin.user import UserAdmin
from accounts.models import User
from registry.admin.deeds import Deed
from registry.models import LimitedAction
from registry.operations.names import limit_person
from registry.operations.quarantine import hidden_with, quarantine_user, release_user

MOST_NAMED = 20


class UserDeed(Deed):
    def hold(self, row: User) -> None:
        User.objects.select_for_update().get(pk=row.pk)


class Quarantine(UserDeed):
    name = "quarantine"
    title = "Put into quarantine"
    about = (
        "The account is shut, and its page and every crate vanish that no other person owns. "
        "All of it can come back whole. The person is told why."
    )
    is_severe = True

    def effects(self, row: User, data: Mapping[str, Any]) -> list[str]:
        return ["shut: no sign-in, no token works", _crates(row, "vanish", "vanishes")]

    def do(self, actor: Any, row: User, data: Mapping[str, Any]) -> None:
        quarantine_user(actor=actor, user=row, reason=data["reason"])


class Release(UserDeed):
    name = "release"
    title = "Release from quarantine"
    about = "A lock, and crates that are in quarantine themselves, stay as they are."

    def effects(self, row: User, data: Mapping[str, Any]) -> list[str]:
        lock = f"stays locked: {row.lock_reason}" if row.locked_at else "open again"
        return [lock, _crates(row, "come back", "comes back")]

    def do(self, actor: Any, row: User, data: Mapping[str, Any]) -> None:
        release_user(actor=actor, user=row)


class LimitForm(DeedForm):
    action = forms.ChoiceField(choices=LimitedAction.choices, label="What is limited")
    burst = forms.IntegerField(
        required=False,
        min_value=1,
        max_value=1_000_000,
        label="At once",
        help_text="How many before the limit slows them down. Empty: as for everybody.",
    )
    until = forms.DateField(
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text="The first day on which the usual limit holds again (UTC). Empty: for good.",
    )

    def clean_until(self) -> datetime | None:
        day = self.cleaned_data["until"]
        if day is None:
            return None
        if day <= timezone.now().date():
            raise forms.ValidationError("Choose a day to come.")
        return timezone.make_aware(datetime.combine(day, time()))


class SetLimit(UserDeed):
    name = "limit"
    title = "Set a rate limit"
    about = "A burst of this person's own, instead of everybody's."
    form = LimitForm

    def effects(self, row: User, data: Mapping[str, Any]) -> list[str]:
        action = LimitedAction(data["action"])
        own = row.limit_overrides.filter(action=action).first()
        before = f"{own.burst}" if own else "as everybody"
        end = f" until {data['until']:%Y-%m-%d}" if data["until"] else ""
        now = f"{data['burst']}{end}" if data["burst"] else "as everybody"
        return [f"{action.label}: {now} at once instead of {before}"]

    def do(self, actor: Any, row: User, data: Mapping[str, Any]) -> None:
        limit_person(
            actor=actor,
            user=row,
            action=LimitedAction(data["action"]),
            burst=data["burst"],
            expires_at=data["until"],
            reason=data["reason"],
        )


admin.site.unregister(User)


@admin.register(User)
class PersonAdmin(UserAdmin):
    deeds: ClassVar[Sequence[AnyDeed]] = (*UserAdmin.deeds, Quarantine(), Release(), SetLimit())


def _crates(user: User, many: str, one: str) -> str:
    names = hidden_with(user)
    if not names:
        return "no crate"
    rest = len(names) - MOST_NAMED
    shown = ", ".join(names[:MOST_NAMED]) + (f" and {rest} more" if rest > 0 else "")
    return f"1 crate {one}: {shown}" if len(names) == 1 else f"{len(names)} crates {many}: {shown}"
