"""The publishers of a crate as its public pages name them."""

from datetime import datetime

from django.utils import timezone

from adapters.compiled import CompiledQuery
from registry.models import Crate
from registry.queries.trust import Workflow, Workflows
from trustpub.models import Publisher, PublisherCrate

# What everybody may know of a rule; the title names the repository already.
_SHOWN_RULES = frozenset({"Environment"})
# A third of what a crate's page costs would be in writing its SQL.
_STANDING = CompiledQuery(
    lambda crate, now: (
        PublisherCrate.objects.standing(now)
        .filter(crate=crate)
        .select_related("publisher__issuer")
        .order_by("pk")
    ),
    crate=int,
    now=datetime,
)


def publishing_workflows(crate: Crate) -> Workflows:
    """Those that could publish now; one query."""
    grants = _STANDING.rows(crate=crate.pk, now=timezone.now())
    publishers = [grant.publisher for grant in grants]
    working = [publisher for publisher in publishers if publisher.is_enabled()]
    known = [_workflow(publisher) for publisher in working if publisher.last_used_at]
    return Workflows(known=known, unknown=len(working) - len(known))


def _workflow(publisher: Publisher) -> Workflow:
    rules = [(label, value) for label, value in publisher.summary if label in _SHOWN_RULES]
    return Workflow(
        title=publisher.title,
        issuer=publisher.issuer.name,
        rules=[*rules, *publisher.rules_in_words()],
        last_used_at=publisher.last_used_at,
        is_open_to_branches=publisher.open_to_branches,
    )
