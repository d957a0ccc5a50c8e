"""One publisher for all crates that a team owns today (e.1)."""

from collections.abc import Mapping

from django.db import transaction

from accounts.errors import NotAllowed
from registry.actors import Actor
from registry.models import Crate, Team
from registry.policies import Action, require
from registry.teams import administers
from trustpub.errors import InvalidPublisher, PublisherExists, UnknownIssuer
from trustpub.models import Issuer, PublisherCrate
from trustpub.operations.about import About
from trustpub.operations.publishers import check_actor, save_rule
from trustpub.operations.rules import rule_fields


def add_for_team(
    *,
    actor: Actor,
    team: str,
    issuer: Issuer,
    form: Mapping[str, str | None],
    rules: Mapping[str, object] | None = None,
    about: About | None = None,
) -> list[PublisherCrate]:
    """The rights that are new; a crate that has the publisher already keeps it as it is.

    For owners of the team's organisation, on crates that they may configure: all or none. Crates
    that the team gets later are not among them. Raises NotAllowed, and what add_publisher raises.
    """
    known = Team.objects.filter(login=team.lower()).first()
    if known is None or actor.user is None or not administers(actor.user, known):
        raise NotAllowed("only an owner of the team's organization may add to all of its crates")
    crates = list(Crate.objects.filter(ownerships__team=known).order_by("pk"))
    if not crates:
        raise InvalidPublisher("this team owns no crate")
    for crate in crates:
        require(actor, Action.CONFIGURE, crate)
        if not issuer.serves(crate):
            raise UnknownIssuer
    check_actor(actor)
    # Outside of the transaction: it may ask the forge.
    rule = rule_fields(issuer, form, rules)
    added = []
    with transaction.atomic():
        for crate in crates:
            try:
                added.append(save_rule(actor, crate, rule, about))
            except PublisherExists:
                continue
    return added
