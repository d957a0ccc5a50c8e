"""Reserves names and patterns of names, and sets limits of single crates."""

import re
from datetime import datetime

from django.db import IntegrityError, transaction

from accounts import audit
from accounts.audit import Acting
from accounts.errors import InvalidInput
from accounts.models import User
from accounts.powers import Power, require_power
from registry.formats.names import MAX_NAME_LENGTH, InvalidCrateName, canonical, check_crate_name
from registry.models import CrateLimits, LimitedAction, LimitOverride, ReservedName

PATTERN = re.compile(r"[A-Za-z0-9_*-]+", re.ASCII)


@transaction.atomic
def reserve(*, actor: Acting, pattern: str, reason: str, if_free: bool = False) -> None:
    """Nobody can give the name to a new crate, nor one that fits, with `*` for any characters.

    Crates that are there keep theirs, but can publish no more. Raises NotAllowed, or InvalidInput
    for what is no name, or reserved already unless `if_free`.
    """
    require_power(actor, Power.MODERATE)
    name = checked_pattern(pattern)
    try:
        with transaction.atomic():
            ReservedName.objects.create(canonical_name=name, reason=reason)
    except IntegrityError:
        if if_free:
            return
        raise InvalidInput(f"`{pattern}` is reserved already") from None
    audit.record("name.reserved", actor=actor, subject=name)


@transaction.atomic
def release(*, actor: Acting, reserved: ReservedName) -> None:
    """Raises NotAllowed."""
    require_power(actor, Power.MODERATE)
    audit.record(
        "name.released",
        actor=actor,
        subject=reserved.canonical_name,
        before={"reserved_for": reserved.reason},
    )
    reserved.delete()


def checked_pattern(pattern: str) -> str:
    """In canonical form; raises InvalidInput."""
    if len(pattern) > MAX_NAME_LENGTH or not PATTERN.fullmatch(pattern):
        raise InvalidInput(
            f"`{pattern[:MAX_NAME_LENGTH]}` is no pattern of names: letters, digits, - and _, and "
            "* for any of them"
        )
    if len(pattern.replace("*", "")) < 2:
        raise InvalidInput(f"`{pattern}` would fit nearly every name; say at least two characters")
    return canonical(pattern)


def checked_name(name: str) -> str:
    """In canonical form; raises InvalidInput for what no crate can be called."""
    try:
        check_crate_name(name)
    except InvalidCrateName as error:
        raise InvalidInput(str(error)) from None
    return canonical(name)


@transaction.atomic
def limit_crate(
    *,
    actor: Acting,
    name: str,
    max_upload_bytes: int | None,
    max_features: int | None,
    reason: str,
) -> None:
    """Both None: the installation's limits again. Raises NotAllowed or InvalidInput."""
    require_power(actor, Power.MODERATE)
    found = CrateLimits.objects.select_for_update().filter(canonical_name=canonical(name)).first()
    before = _limits(found)
    after = {"max_upload_bytes": max_upload_bytes, "max_features": max_features}
    if before == after:
        raise InvalidInput(f"`{name}` has just these limits already")
    if max_upload_bytes is None and max_features is None:
        CrateLimits.objects.filter(canonical_name=canonical(name)).delete()
    else:
        CrateLimits.objects.update_or_create(
            canonical_name=canonical(name), defaults={**after, "reason": reason}
        )
    audit.record(
        "crate.limits_changed", actor=actor, crate=name, subject=name, before=before, after=after
    )


@transaction.atomic
def limit_person(
    *,
    actor: Acting,
    user: User,
    action: LimitedAction,
    burst: int | None,
    expires_at: datetime | None,
    reason: str,
) -> None:
    """`burst` None: the installation's limit again. Raises NotAllowed or InvalidInput."""
    require_power(actor, Power.MODERATE)
    rows = LimitOverride.objects.select_for_update().filter(user=user, action=action)
    found = rows.first()
    before = _burst(found)
    after = {
        "action": action.value,
        "burst": burst,
        "expires_at": expires_at.isoformat() if expires_at and burst else None,
    }
    if (before or {"action": action.value, "burst": None, "expires_at": None}) == after:
        raise InvalidInput(f"{user.login} has just this limit already")
    if burst is None:
        rows.delete()
    else:
        LimitOverride.objects.update_or_create(
            user=user,
            action=action,
            defaults={"burst": burst, "expires_at": expires_at, "reason": reason},
        )
    audit.record("user.limit_changed", actor=actor, subject=user.login, before=before, after=after)


def _limits(row: CrateLimits | None) -> dict[str, object]:
    return {
        "max_upload_bytes": row.max_upload_bytes if row else None,
        "max_features": row.max_features if row else None,
    }


def _burst(row: LimitOverride | None) -> dict[str, object]:
    if row is None:
        return {}
    end = row.expires_at.isoformat() if row.expires_at else None
    return {"action": row.action, "burst": row.burst, "expires_at": end}
