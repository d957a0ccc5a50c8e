"""Whether somebody has a second factor, and how many of its recovery codes are left."""

from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from django.conf import settings

from accounts.models import User


def has_second_factor(user: User) -> bool:
    rows = Authenticator.objects.filter(user=user, type=Authenticator.Type.TOTP)
    return bool(rows.exists())


def lacks_required_factor(user: User) -> bool:
    """Whether REQUIRE_SECOND_FACTOR keeps the person from what gives others power."""
    return settings.REQUIRE_SECOND_FACTOR and not has_second_factor(user)


def recovery_codes_left(user: User) -> int:
    rows = Authenticator.objects.filter(user=user, type=Authenticator.Type.RECOVERY_CODES)
    row = rows.first()
    return len(RecoveryCodes(row).get_unused_codes()) if row else 0
