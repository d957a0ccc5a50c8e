"""Which second factors somebody has, and how many of their recovery codes are left."""

from dataclasses import dataclass
from datetime import datetime

from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from django.conf import settings

from accounts.models import User

# Recovery codes stand in for these, and are none by themselves.
FACTORS = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)


@dataclass(frozen=True, slots=True)
class ListedFactor:
    """An authenticator app or a passkey; `name` is empty for the app."""

    number: int
    name: str
    created_at: datetime
    last_used_at: datetime | None


@dataclass(frozen=True, slots=True)
class Factors:
    """What the page about them lists."""

    app: ListedFactor | None
    passkeys: list[ListedFactor]
    codes_left: int

    @property
    def is_on(self) -> bool:
        return bool(self.app or self.passkeys)


def has_second_factor(user: User) -> bool:
    return bool(Authenticator.objects.filter(user=user, type__in=FACTORS).exists())


def lacks_required_factor(user: User) -> bool:
    """Whether REQUIRE_SECOND_FACTOR keeps the person from what gives others power."""
    return settings.REQUIRE_SECOND_FACTOR and not has_second_factor(user)


def factors_of(user: User) -> Factors:
    """One query."""
    app, listed, codes_left = None, [], 0
    for row in Authenticator.objects.filter(user=user).order_by("pk"):
        if row.type == Authenticator.Type.RECOVERY_CODES:
            codes_left = len(RecoveryCodes(row).get_unused_codes())
            continue
        name = str(row.data.get("name", ""))
        factor = ListedFactor(row.pk, name, row.created_at, row.last_used_at)
        if row.type == Authenticator.Type.TOTP:
            app = factor
        else:
            listed.append(factor)
    return Factors(app, listed, codes_left)
