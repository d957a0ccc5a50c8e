"""Codes of an authenticator app and their replacements; and what takes a second factor away."""

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
from accounts.audit import Acting
from accounts.errors import InvalidInput, NotFound
from accounts.models import User
from accounts.powers import Power, require_power_over
from accounts.queries.second_factor import FACTORS, has_second_factor
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
    """Proves that the app has the secret.

    Answers recovery codes, to be shown once, if it is the person's first second factor. Raises
    InvalidInput for a wrong code or a second app, and TooManyRequests.
    """
    count_try(user)
    if not validate_totp_code(secret, code):
        raise InvalidInput(WRONG)
    try:
        with transaction.atomic():
            TOTP.activate(user, secret)
    except IntegrityError:
        raise InvalidInput("This account has an authenticator app already.") from None
    codes = codes_of_the_first(user)
    audit.record("second_factor.added", actor=user, subject=user.login)
    jobs.after_commit("accounts.mail_second_factor", user.pk, "added")
    return codes


def check_code(*, user: User, code: str) -> None:
    """Raises InvalidInput for a code that is wrong or was used, and TooManyRequests."""
    count_try(user)
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
def remove_factor(*, user: User, number: int) -> None:
    """The app or one passkey; the recovery codes go with the last of them.

    Raises NotFound for one that is gone already or is another's.
    """
    User.objects.select_for_update().get(pk=user.pk)
    row = Authenticator.objects.filter(user=user, type__in=FACTORS, pk=number).first()
    if row is None:
        raise NotFound
    name = str(row.data.get("name", ""))
    row.delete()
    audit.record(
        "second_factor.passkey_removed" if name else "second_factor.removed",
        actor=user,
        subject=user.login,
        before={"name": name} if name else {},
    )
    what = f"the passkey {name}" if name else "the authenticator app"
    if has_second_factor(user):
        change = f"narrowed: {what} no longer counts"
    else:
        Authenticator.objects.filter(user=user).delete()
        change = "removed"
    jobs.after_commit("accounts.mail_second_factor", user.pk, change)


@transaction.atomic
def reset_second_factor(*, actor: Acting, user: User, reason: str) -> int:
    """All factors and recovery codes, for somebody who has lost them; answers how many factors.

    Raises InvalidInput where there is none, or no reason.
    """
    reason = " ".join(reason.split())
    if not reason:
        raise InvalidInput("say why: the reason goes into the audit log and to the person")
    require_power_over(actor, user, Power.ADMINISTER)
    removed = int(Authenticator.objects.filter(user=user, type__in=FACTORS).count())
    if not removed:
        raise InvalidInput(f"{user.login} has no second factor")
    Authenticator.objects.filter(user=user).delete()
    audit.record(
        "second_factor.reset",
        actor=actor,
        subject=user.login,
        before={"factors": removed},
        after={"reason": reason},
    )
    change = f"removed by the operators of the registry, who say why: {reason}"
    jobs.after_commit("accounts.mail_second_factor", user.pk, change)
    return removed


@transaction.atomic
def replace_recovery_codes(*, user: User) -> list[str]:
    """New ones in place of all; raises InvalidInput without a factor that they would replace."""
    User.objects.select_for_update().get(pk=user.pk)
    if not has_second_factor(user):
        raise InvalidInput("Add a passkey or an authenticator app first.")
    codes = _fresh_codes(user)
    audit.record("second_factor.recovery_codes_replaced", actor=user, subject=user.login)
    return codes


def codes_of_the_first(user: User) -> list[str]:
    """Recovery codes for whoever has none yet; who has some has kept them."""
    rows = Authenticator.objects.filter(user=user, type=Authenticator.Type.RECOVERY_CODES)
    return [] if rows.exists() else _fresh_codes(user)


def count_try(user: User) -> None:
    """Raises TooManyRequests for somebody who tries and tries."""
    limits.hit("second-factor", str(user.pk), limit=TRIES, window=WINDOW, what="codes tried")


def _fresh_codes(user: User) -> list[str]:
    Authenticator.objects.filter(user=user, type=Authenticator.Type.RECOVERY_CODES).delete()
    codes: list[str] = RecoveryCodes.activate(user).get_unused_codes()
    return codes
