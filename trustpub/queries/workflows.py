"""The publishers of a crate as its public pages name them."""

from registry.models import Crate
from registry.queries.trust import Workflow, Workflows
from trustpub.models import Publisher, PublisherCrate

# What everybody may know of a rule; the title names the repository already.
_SHOWN_RULES = frozenset({"Environment"})


def publishing_workflows(crate: Crate) -> Workflows:
    """Those that could publish now; one query."""
    grants = PublisherCrate.objects.standing().filter(crate=crate).order_by("pk")
    publishers = [grant.publisher for grant in grants.select_related("publisher__issuer")]
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
