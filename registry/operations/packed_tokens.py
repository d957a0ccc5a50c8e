"""Refuses an upload that has a live access token of this registry in it, and ends the token."""

from collections.abc import Sequence

from django.conf import settings

from accounts.token_search import TokenSearch
from registry.actors import Actor
from registry.errors import TokenInUpload
from registry.formats.archive import PackedToken
from registry.formats.errors import shown
from registry.formats.publish_frame import PublishMetadata
from registry.operations.leaks import Leak, end_leaked_tokens

MOST_NAMED = 5


def refuse_tokens(actor: Actor, metadata: PublishMetadata, packed: Sequence[PackedToken]) -> None:
    """Raises TokenInUpload if a token that was found was usable; by then it is revoked.

    The readme is looked at as well: it is shown as it was sent beside the archive. Called outside
    of a transaction, since the refusal must not bring the token back to life.
    """
    found = [*packed, *_in_readme(metadata)]
    if not found:
        return
    upload = f"an upload of {metadata.name} {metadata.vers} by {actor.label}"
    ended = end_leaked_tokens(
        actor=actor, leaks=[Leak(token.text, upload, token.path) for token in found]
    )
    places = [token.path for token, was_usable in zip(found, ended, strict=True) if was_usable]
    if places:
        named = [f"`{shown(path)}`" for path in dict.fromkeys(places)]
        rest = ["more files"] if len(named) > MOST_NAMED else []
        raise TokenInUpload([*named[:MOST_NAMED], *rest])


def _in_readme(metadata: PublishMetadata) -> list[PackedToken]:
    search = TokenSearch(settings.TOKEN_PREFIX)
    search.feed((metadata.readme or "").encode())
    return [PackedToken(metadata.readme_file or "the readme", token.text) for token in search.found]
