"""Adds, asks for and takes away the codes of an authenticator app, and their replacements."""

import base64
import secrets
from datetime import timedelta
from urllib.parse import quote, urlencode

from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, validate_totp_code
from django.conf import settings
from django.db import IntegrityError, transaction

from accounts import audit, limits
from accounts.errors import InvalidInput
from accounts.models import User
from adapters import jobs

WRONG = "This code is not right. A code of the app is valid for half a minute, and once."
TRIES = 10
WINDOW = timedelta(minutes=15)


def new_secret() -> str:
    """160 random bits in the alphabet that authenticator apps take (RFC 4226, 4)."""
    return base64.b32encode(secrets.token_bytes(20)).decode()


def setup_address(user: User, secret: str) -> str:
    """What a phone opens in its authenticator app."""
    issuer = settings.PUBLIC_URL.partition("://")[2]
    query = urlencode({"secret": secret, "issuer": issuer}, quote_via=quote)
    return f"otpauth://totp/{quote(f'{issuer}:{user.login}')}?{query}"


@transaction.atomic
def add_second_factor(*, user: User, secret: str, code: str) -> list[str]:
    """Proves that the app has the secret, and answers recovery codes, to be shown once.

    Raises InvalidInput for a wrong code or a second app, and TooManyRequests.
    """
    _count_try(user)
    if not validate_totp_code(secret, code):
        raise InvalidInput(WRONG)
    try:
        with transaction.atomic():
            TOTP.activate(user, secret)
    except IntegrityError:
        raise InvalidInput("This account has an authenticator app already.") from None
    codes = _fresh_codes(user)
    audit.record("second_factor.added", actor=user, subject=user.login)
    jobs.after_commit("accounts.mail_second_factor", user.pk, "added")
    return codes


def check_code(*, user: User, code: str) -> None:
    """Raises InvalidInput for a code that is wrong or was used, and TooManyRequests."""
    _count_try(user)
    rows = {row.type: row for row in Authenticator.objects.filter(user=user)}
    app = rows.get(Authenticator.Type.TOTP)
    spare = rows.get(Authenticator.Type.RECOVERY_CODES)
    if app and TOTP(app).validate_code(code):
        app.record_usage()
        return
    if spare and RecoveryCodes(spare).validate_code(code):
        audit.record("second_factor.recovery_code_used", actor=user, subject=user.login)
        jobs.after_commit("accounts.mail_second_factor", user.pk, "replaced by a recovery code")
        return
    audit.record("second_factor.refused", actor=user, subject=user.login)
    raise InvalidInput(WRONG)


@transaction.atomic
def remove_second_factor(*, user: User) -> None:
    """The app and the recovery codes; nothing happens where there is none."""
    removed, _ = Authenticator.objects.filter(user=user).delete()
    if removed:
        audit.record("second_factor.removed", actor=user, subject=user.login)
        jobs.after_commit("accounts.mail_second_factor", user.pk, "removed")


@transaction.atomic
def replace_recovery_codes(*, user: User) -> list[str]:
    """New ones in place of all; raises InvalidInput without an app that they would replace."""
    User.objects.select_for_update().get(pk=user.pk)
    if not Authenticator.objects.filter(user=user, type=Authenticator.Type.TOTP).exists():
        raise InvalidInput("Add an authenticator app first.")
    codes = _fresh_codes(user)
    audit.record("second_factor.recovery_codes_replaced", actor=user, subject=user.login)
    return codes


def _fresh_codes(user: User) -> list[str]:
    Authenticator.objects.filter(user=user, type=Authenticator.Type.RECOVERY_CODES).delete()
    codes: list[str] = RecoveryCodes.activate(user).get_unused_codes()
    return codes


def _count_try(user: User) -> None:
    limits.hit("second-factor", str(user.pk), limit=TRIES, window=WINDOW, what="codes tried")
