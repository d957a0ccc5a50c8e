"""People: locks, second factors, who moderates."""

from collections.abc import Mapping, Sequence
from datetime import datetime, time, timedelta
from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.utils import timezone

from accounts.admin.deed_admin import DeedAdmin
from accounts.admin.deeds import Deed, DeedForm
from accounts.models import User
from accounts.operations.lock import lock, unlock
from accounts.operations.moderators import end_moderator, make_moderator
from accounts.operations.second_factor import reset_second_factor
from accounts.powers import Power
from accounts.queries.second_factor import has_second_factor


class LockForm(DeedForm):
    """Until when."""

    until = forms.DateField(
        required=False,
        label="Locked until",
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text="The first day on which the account is open again (UTC). Empty: for good.",
    )

    def clean_until(self) -> datetime | None:
        day = self.cleaned_data["until"]
        if day is None:
            return None
        if day > timezone.now().date() + timedelta(days=36500):
            raise forms.ValidationError("Leave it empty for a lock without an end.")
        return timezone.make_aware(datetime.combine(day, time()))


class Lock(Deed):
    name = "lock"
    title = "Lock"
    about = "The account can no longer sign in, and none of its tokens works. It is told why."
    form = LockForm
    is_severe = True

    def effects(self, row: User, data: Mapping[str, Any]) -> list[str]:
        tokens = row.api_tokens.filter(revoked_at=None).count()
        until = data["until"]
        end = f"until {until:%Y-%m-%d} 00:00 UTC" if until else "until somebody unlocks it"
        return [
            f"locked {end}{'; it is locked already, differently' if row.locked_at else ''}",
            f"{tokens} API tokens are refused meanwhile",
        ]

    def do(self, actor: Any, row: User, data: Mapping[str, Any]) -> None:
        lock(actor=actor, user=row, reason=data["reason"], until=data["until"])


class Unlock(Deed):
    name = "unlock"
    title = "Unlock"
    about = "The account can sign in again, and its tokens work again."

    def effects(self, row: User, data: Mapping[str, Any]) -> list[str]:
        return [f"open again; it was locked for: {row.lock_reason or 'no reason given'}"]

    def do(self, actor: Any, row: User, data: Mapping[str, Any]) -> None:
        unlock(actor=actor, user=row)


class ResetSecondFactor(Deed):
    name = "reset-second-factor"
    title = "Reset the second factor"
    about = "For somebody who has lost it, once you know that it is them who asks."
    power = Power.ADMINISTER
    is_severe = True

    def effects(self, row: User, data: Mapping[str, Any]) -> list[str]:
        has = "has one" if has_second_factor(row) else "has none"
        return [f"no second factor is asked for any more; the account {has} now", "a letter"]

    def do(self, actor: Any, row: User, data: Mapping[str, Any]) -> None:
        reset_second_factor(actor=actor, user=row, reason=data["reason"])


class MakeModerator(Deed):
    name = "make-moderator"
    title = "Make a moderator"
    about = "May moderate crates and accounts here; no settings, no issuers, nobody of the staff."
    power = Power.ADMINISTER

    def effects(self, row: User, data: Mapping[str, Any]) -> list[str]:
        return ["may enter the admin and moderate"]

    def do(self, actor: Any, row: User, data: Mapping[str, Any]) -> None:
        make_moderator(actor=actor, user=row)


class EndModerator(Deed):
    name = "end-moderator"
    title = "End as moderator"
    power = Power.ADMINISTER

    def effects(self, row: User, data: Mapping[str, Any]) -> list[str]:
        return ["may no longer enter the admin"]

    def do(self, actor: Any, row: User, data: Mapping[str, Any]) -> None:
        end_moderator(actor=actor, user=row)


@admin.register(User)
class UserAdmin(DeedAdmin):
    for_moderators = True
    deeds: ClassVar[Sequence[Deed]] = (
        Lock(),
        Unlock(),
        ResetSecondFactor(),
        MakeModerator(),
        EndModerator(),
    )
    list_display = ("login", "github_id", "name", "created_at", "standing", "role")
    search_fields = ("login", "name", "email")
    fields = (
        "login",
        "name",
        "email",
        "github_id",
        "created_at",
        "last_login",
        "standing",
        "role",
        "lock_reason",
        "quarantine_reason",
    )
    readonly_fields = ("created_at", "standing", "role")

    @admin.display(description="standing")
    def standing(self, user: User) -> str:
        if user.quarantined_at:
            return "in quarantine"
        if not user.is_locked():
            return "open"
        return f"locked until {user.locked_until:%Y-%m-%d}" if user.locked_until else "locked"

    @admin.display(description="role")
    def role(self, user: User) -> str:
        if user.is_superuser:
            return "administrator"
        return "moderator" if user.moderator_since else ""
