"""A person's pending publishers, as their pages list them."""

from collections import Counter
from dataclasses import dataclass

from accounts.models import User
from trustpub.models import PendingPublisher
from trustpub.queries.crate_settings import workflow_file


@dataclass(frozen=True, slots=True)
class PendingCard:
    """One pending publisher and the CI file that makes it real."""

    pending: PendingPublisher
    workflow_file: str


def pending_cards(user: User) -> list[PendingCard]:
    """Those that have not expired, the next to expire first; one query."""
    held = PendingPublisher.objects.unexpired().filter(owner=user).order_by("expires_at", "pk")
    rows = list(held.select_related("issuer", "team"))
    sharing = Counter((pending.issuer_id, pending.digest) for pending in rows)
    return [
        PendingCard(pending, workflow_file(pending, pending.crate_name, is_shared=shared > 1))
        for pending in rows
        if (shared := sharing[pending.issuer_id, pending.digest])
    ]
