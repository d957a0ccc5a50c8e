"""Which issuers somebody is shown: everybody's, and those of organisations that they work with."""

from accounts.models import User
from registry.models import Team
from trustpub.models import Issuer
from trustpub.models.issuer import IssuerQuerySet


def visible_issuers(person: User | None) -> IssuerQuerySet:
    """Those that take publishers now; an organisation's if one of its teams owns a crate of theirs.

    One query, and nothing is asked of GitHub: who may use one is decided where it is used.
    """
    teams = Team.objects.filter(ownerships__crate__ownerships__user=person)
    numbers = teams.values("organization_id") if person else ()
    return Issuer.objects.open_for_publishers().for_organizations(numbers)
