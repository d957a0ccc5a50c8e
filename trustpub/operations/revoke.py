"""Ends a publish token before its time."""

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts import audit, token_text
from accounts.errors import MalformedCredentials
from accounts.token_text import TokenKind
from trustpub.models import PublishToken
from trustpub.operations.grant import CiWorkload


@transaction.atomic
def revoke(*, text: str, because: str = "revoked by the job") -> None:
    """Nothing happens to a token that is unknown or gone already.

    Raises MalformedCredentials for text that is no publish token by form.
    """
    if token_text.kind_of(text, settings.TOKEN_PREFIX) is not TokenKind.PUBLISH:
        raise MalformedCredentials("Invalid `Authorization` header: Failed to parse token")
    token = (
        PublishToken.objects.select_for_update()
        .filter(digest=token_text.digest(text), revoked_at=None)
        .first()
    )
    if token is None:
        return
    token.revoked_at = timezone.now()
    token.revoked_because = because
    token.save(update_fields=["revoked_at", "revoked_because"])
    audit.record(
        "publish_token.revoked", actor=CiWorkload(token.typed_workload()), subject=str(token)
    )
