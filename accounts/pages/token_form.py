"""The form of a new API token."""

from datetime import MAXYEAR, UTC, datetime, time, timedelta
from typing import Any

from django import forms
from django.utils import timezone

from accounts.scopes import InvalidScope, Scope, read_patterns

LIFETIMES = (7, 30, 60, 90, 365)  # days
DEFAULT_LIFETIME = "90"
CUSTOM = "custom"
NEVER = "never"


class TokenForm(forms.Form):
    """Limits are chosen, not left out: a token without any scope checked is not made."""

    name = forms.CharField(max_length=255, error_messages={"required": "Give the token a name."})
    scopes = forms.MultipleChoiceField(
        choices=[(scope.value, scope.explanation) for scope in Scope],
        error_messages={"required": "Choose at least one thing that the token may do."},
    )
    patterns = forms.CharField(required=False, max_length=10_000)
    expiry = forms.ChoiceField(
        choices=[
            *((str(days), f"After {days} days") for days in LIFETIMES),
            (CUSTOM, "On a date of my choice"),
            (NEVER, "Never"),
        ],
        initial=DEFAULT_LIFETIME,
    )
    expires_on = forms.DateField(
        required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )

    def clean_patterns(self) -> list[str] | None:
        try:
            return read_patterns(self.cleaned_data["patterns"].split())
        except InvalidScope as problem:
            raise forms.ValidationError(str(problem)) from None

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("expiry") == CUSTOM and "expires_on" in cleaned:
            last_day = cleaned["expires_on"]
            if last_day is None:
                self.add_error("expires_on", "Choose the token's last day.")
            elif last_day < timezone.now().date():
                self.add_error("expires_on", "This day is over; choose a later one.")
            elif last_day.year >= MAXYEAR:
                # Its end is beyond what a time can say.
                self.add_error("expires_on", f"Choose a day before the year {MAXYEAR}.")
        return cleaned

    def expires_at(self) -> datetime | None:
        """The end of a valid form's choice; a date of one's own counts to its end, in UTC."""
        choice: str = self.cleaned_data["expiry"]
        if choice == NEVER:
            return None
        if choice == CUSTOM:
            following = self.cleaned_data["expires_on"] + timedelta(days=1)
            return datetime.combine(following, time.min, UTC)
        return timezone.now() + timedelta(days=int(choice))
