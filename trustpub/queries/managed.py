"""The publishers that somebody may manage, in a fixed number of queries."""

from collections.abc import Sequence

from django.db.models import QuerySet

from accounts.scopes import Scope
from registry.actors import Actor
from registry.models import Crate
from trustpub.models import PublisherCrate


def grants_on(crates: Sequence[Crate]) -> QuerySet[PublisherCrate]:
    """The publishers of these crates, oldest first."""
    found = PublisherCrate.objects.filter(crate__in=crates)
    return found.select_related("publisher__issuer", "crate").order_by("pk")


def managed_crates(actor: Actor) -> list[Crate]:
    """The crates of the caller, as far as the caller's token covers them; one query."""
    if actor.user is None:
        return []
    owned = Crate.objects.owned_by(actor.user).order_by("pk")
    return [crate for crate in owned if actor.allows(Scope.TRUSTED_PUBLISHING, crate.name)]
