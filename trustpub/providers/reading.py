"""Which events may start a job that only reads; publishing allows fewer."""

from collections.abc import Mapping
from copy import copy

from trustpub.providers.base import Provider

# A forge gives no ID token of the parent project to a job of somebody's fork, unless its
# maintainers say so; `pull_request_target` and the like run on input of strangers and stay out.
REVIEW_EVENTS: Mapping[str, frozenset[str]] = {
    "github": frozenset({"pull_request", "merge_group"}),
    "gitlab": frozenset({"merge_request_event"}),
}


def for_reading(provider: Provider) -> Provider:
    """The same provider, which also reads the ID tokens of jobs on pull requests."""
    twin = copy(provider)
    review = REVIEW_EVENTS.get(provider.kind, frozenset())
    twin.allowed_events = provider.allowed_events | review  # type: ignore[misc]
    return twin
