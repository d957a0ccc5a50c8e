"""Ends tokens that somebody else may have seen, of both kinds, and has their owners told.

Publish tokens of CI jobs are the business of whoever settings.END_LEAKED_PUBLISH_TOKENS names.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.module_loading import import_string

from accounts import audit, token_text
from accounts.models import ApiToken
from accounts.token_text import TokenKind
from adapters import jobs
from registry.actors import Actor

MAX_PLACE = 1000


@dataclass(frozen=True, slots=True)
class Leak:
    """`source` says how it came to light; `place` is an address or a file, empty if unknown."""

    text: str = field(repr=False)
    source: str
    place: str

    def told_place(self) -> str:
        """One short line, and without the token even where the address repeats it."""
        place = self.place.replace(self.text, "[token]")[:MAX_PLACE]
        return "".join(character for character in place if character.isprintable())


# Digest -> whether the token was usable until now, of those that this registry has issued.
Ended = Mapping[str, bool]


@transaction.atomic
def end_leaked_tokens(*, actor: Actor, leaks: Sequence[Leak]) -> list[bool | None]:
    """For each leak, whether its token was usable until now; None: this registry never issued it.

    Letters go out once for each token, however often it is reported.
    """
    digests = [token_text.digest(leak.text) for leak in leaks]
    by_kind: dict[TokenKind, dict[str, Leak]] = {}
    for digest, leak in zip(digests, leaks, strict=True):
        kind = token_text.kind_of(leak.text, settings.TOKEN_PREFIX)
        if kind is not None:
            by_kind.setdefault(kind, {}).setdefault(digest, leak)
    ended = dict(_end_api_tokens(actor, by_kind.get(TokenKind.API, {})))
    if publish_tokens := by_kind.get(TokenKind.PUBLISH):
        ended |= import_string(settings.END_LEAKED_PUBLISH_TOKENS)(actor, publish_tokens)
    return [ended.get(digest) for digest in digests]


def _end_api_tokens(actor: Actor, leaks: Mapping[str, Leak]) -> Ended:
    if not leaks:
        return {}
    now = timezone.now()
    # Always in one order, so that two reports of the same tokens cannot wait for one another.
    rows = ApiToken.objects.select_for_update().filter(digest__in=leaks).order_by("pk")
    ended = {}
    for token in rows:
        ended[token.digest] = token.revoked_at is None and not token.is_expired()
        if token.revoked_at is None:
            token.revoked_at = now
            token.save(update_fields=["revoked_at"])
            _tell(actor, token, leaks[token.digest])
    return ended


def _tell(actor: Actor, token: ApiToken, leak: Leak) -> None:
    place = leak.told_place()
    audit.record(
        "token.leaked",
        actor=actor,
        subject=token.name,
        after={"token_id": token.pk, "source": leak.source, "place": place},
    )
    jobs.after_commit("registry.mail_token_leaked", token.pk, leak.source, place)
