"""How often a person, and an address, may register trust and make us ask a forge (g.4)."""

from datetime import timedelta

from django.conf import settings

from accounts import limits
from accounts.client_address import limited_as
from accounts.models import User
from accounts.request_context import current_request

DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)


def count_registration(name: str, person: User, *, what: str, by: int = 1) -> None:
    """Counts registrations, and a question to the forge that they bring.

    `name` is the limit's, `what` what its refusal speaks of. Raises TooManyRequests where not all
    `by` of them fit.
    """
    # That the last of them fits, and not the first, is what is asked.
    most = settings.REGISTRATIONS_PER_DAY - by + 1
    # At the shell there is no address.
    subjects = filter(None, (str(person.pk), limited_as(current_request().address)))
    limits.hit_all([limits.Limit(name, subject, most, DAY, what, by=by) for subject in subjects])
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
