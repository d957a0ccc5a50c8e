"""A person's pending publishers, as their pages list them."""

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
    rows = PendingPublisher.objects.unexpired().filter(owner=user).select_related("issuer", "team")
    return [
        PendingCard(pending, workflow_file(pending, pending.crate_name))
        for pending in rows.order_by("expires_at", "pk")
    ]
