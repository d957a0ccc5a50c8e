"""Makes and revokes API tokens."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts import audit, token_text
from accounts.audit import Acting
from accounts.errors import InvalidInput, NotFound
from accounts.models import ApiToken, User
from accounts.powers import require_power_over
from accounts.scopes import InvalidScope, read_patterns, read_scopes
from accounts.token_text import TokenKind
from adapters import jobs

TOKENS_PER_USER = 500


@dataclass(frozen=True, slots=True)
class CreatedToken:
    """`text` is to be shown once and kept nowhere."""

    token: ApiToken
    text: str


@transaction.atomic
def create_token(
    *,
    user: User,
    name: str,
    scopes: Iterable[str] | None = None,
    patterns: Iterable[str] | None = None,
    expires_at: datetime | None = None,
) -> CreatedToken:
    """A new token of `user`; None means not limited in that respect.

    Raises InvalidInput for an empty name, an unknown scope, a bad pattern, a time in the past or
    too many tokens.
    """
    locked = User.objects.select_for_update().get(pk=user.pk)
    _check(locked, name, expires_at)
    try:
        endpoint_scopes, crate_patterns = read_scopes(scopes), read_patterns(patterns)
    except InvalidScope as error:
        raise InvalidInput(str(error)) from None
    text = token_text.new_token(settings.TOKEN_PREFIX, TokenKind.API)
    token = ApiToken.objects.create(
        user=locked,
        name=name.strip(),
        digest=token_text.digest(text),
        endpoint_scopes=endpoint_scopes,
        crate_patterns=crate_patterns,
        expires_at=expires_at,
    )
    audit.record("token.created", actor=user, subject=token.name, after=_facts(token))
    jobs.after_commit("accounts.mail_token_created", token.pk)
    return CreatedToken(token, text)


@transaction.atomic
def regenerate_token(*, user: User, token_id: int) -> CreatedToken:
    """A new text with the same name and limits, for as long again; the old one ends at once.

    Raises NotFound for another's token or a revoked one, and InvalidInput for too many tokens.
    """
    old = revoke_token(user=user, token_id=token_id)
    lifetime = old.expires_at - old.created_at if old.expires_at else None
    return create_token(
        user=user,
        name=old.name,
        scopes=old.endpoint_scopes,
        patterns=old.crate_patterns,
        expires_at=timezone.now() + lifetime if lifetime else None,
    )


@transaction.atomic
def revoke_token(*, user: User, token_id: int) -> ApiToken:
    """Ends one of the user's tokens for good; raises NotFound for another's or a revoked one."""
    token = ApiToken.objects.select_for_update().filter(user=user, pk=token_id).first()
    if token is None or token.revoked_at is not None:
        raise NotFound
    _end(user, token)
    return token


@transaction.atomic
def end_token(*, actor: Acting, token: ApiToken, reason: str) -> None:
    """By a moderator; the owner is told why.

    Raises NotAllowed, or InvalidInput for a token that is revoked already.
    """
    locked = ApiToken.objects.select_for_update().get(pk=token.pk)
    require_power_over(actor, locked.user)
    if locked.revoked_at is not None:
        raise InvalidInput(f"the token {locked.name} of {locked.user.login} is revoked already")
    _end(actor, locked)
    jobs.after_commit("accounts.mail_token_ended", locked.pk, reason)


def _end(actor: Acting, token: ApiToken) -> None:
    token.revoked_at = timezone.now()
    token.save(update_fields=["revoked_at"])
    audit.record("token.revoked", actor=actor, subject=token.name, before=_facts(token))


def _check(user: User, name: str, expires_at: datetime | None) -> None:
    if not name.strip():
        raise InvalidInput("name must have a value")
    if len(name.strip()) > 255 or "\0" in name:
        raise InvalidInput("name may have at most 255 characters and no NUL")
    if expires_at is not None and expires_at <= timezone.now():
        raise InvalidInput("expired_at is in the past; choose a later date")
    if user.api_tokens.count() >= TOKENS_PER_USER:
        raise InvalidInput(f"maximum tokens per user is: {TOKENS_PER_USER}")


def _facts(token: ApiToken) -> dict[str, object]:
    return {
        "token_id": token.pk,
        "endpoint_scopes": token.endpoint_scopes,
        "crate_patterns": token.crate_patterns,
        "expires_at": token.expires_at.isoformat() if token.expires_at else None,
    }
