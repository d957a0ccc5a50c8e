"""Ends publish tokens that somebody else may have seen (trusted-publishing reference, d.7)."""

from collections.abc import Mapping

from django.utils import timezone

from accounts import audit
from adapters import jobs
from registry.actors import Actor
from registry.operations.leaks import Ended, Leak
from trustpub.models import PublishToken


def end_leaked_publish_tokens(actor: Actor, leaks: Mapping[str, Leak]) -> Ended:
    """By digest, in the transaction of registry.operations.leaks.

    The owners are told of an expired token as well: it shows that their pipeline gives them away.
    """
    now = timezone.now()
    rows = PublishToken.objects.select_for_update().filter(digest__in=leaks).order_by("pk")
    ended = {}
    for token in rows:
        ended[token.digest] = token.revoked_at is None and token.expires_at > now
        if token.revoked_at is None:
            token.revoked_at = now
            token.revoked_because = "leaked"
            token.save(update_fields=["revoked_at", "revoked_because"])
            _tell(actor, token, leaks[token.digest])
    return ended


def _tell(actor: Actor, token: PublishToken, leak: Leak) -> None:
    place = leak.told_place()
    audit.record(
        "publish_token.leaked",
        actor=actor,
        subject=str(token),
        after={"source": leak.source, "place": place},
    )
    jobs.after_commit("trustpub.mail_publish_token_leaked", token.pk, leak.source, place)
