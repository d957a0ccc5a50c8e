"""Whose pending publisher holds a name, where the operator has switched that on (c.2 rule 5)."""

from django.conf import settings

from accounts.models import User
from registry.formats.names import canonical
from trustpub.models import PendingPublisher


def holder_of(name: str) -> User | None:
    """Who alone may found a crate of that name; None: whoever comes first.

    The first who registered it. Asked at each registration and again inside the publish.
    """
    wanted = canonical(name)
    if not any(wanted.startswith(canonical(prefix)) for prefix in settings.HELD_NAMES):
        return None
    rows = PendingPublisher.objects.unexpired().filter(canonical_name=wanted)
    first = rows.select_related("owner").order_by("pk").first()
    return first.owner if first else None
