"""How often a person, and an address, may register trust and make us ask a forge (g.4)."""

from datetime import timedelta

from django.conf import settings

from accounts import limits
from accounts.client_address import limited_as
from accounts.models import User
from accounts.request_context import current_request

DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)


def count_registration(name: str, person: User, *, what: str) -> None:
    """Counts one registration, and the questions to the forge that it brings.

    `name` is the limit's, `what` what its refusal speaks of. Raises TooManyRequests.
    """
    for subject in (str(person.pk), limited_as(current_request().address)):
        # At the shell there is no address.
        if subject:
            limits.hit(name, subject, limit=settings.REGISTRATIONS_PER_DAY, window=DAY, what=what)
    count_lookup(person)


def count_lookup(person: User) -> None:
    """Counts one time that somebody makes us ask a forge; raises TooManyRequests."""
    limits.hit(
        "forge-lookup",
        str(person.pk),
        limit=settings.FORGE_LOOKUPS_PER_MINUTE,
        window=MINUTE,
        what="questions to the forge in a minute",
    )
