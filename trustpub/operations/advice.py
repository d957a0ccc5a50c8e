"""What speaks against a grant although everything matched, in words for the log of a job (a.12)."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from django.utils import timezone

from trustpub.echo import printable
from trustpub.matching import Match
from trustpub.models import PendingPublisher, Publisher
from trustpub.workload import Workload

SOON = timedelta(minutes=2)


def warnings_of(matches: Iterable[Match], workload: Workload, expires_at: datetime) -> list[str]:
    """One sentence each, with the remedy; equal ones once."""
    found = [text for match in matches for text in _of_rule(match, workload)]
    found += _of_job(workload, expires_at)
    return list(dict.fromkeys(found))


def _of_rule(match: Match, workload: Workload) -> Iterator[str]:
    rule = match.publisher.key
    if not isinstance(rule, Publisher | PendingPublisher):
        return
    label = printable(str(rule))
    if match.environment_ignored:
        yield (
            f"the job runs in the environment `{printable(workload.environment or '')}`, which "
            f"{label} does not ask for: name it in the publisher"
        )
    elif rule.open_to_branches:
        yield (
            f"{label} names neither an environment nor a ref: everybody who can push a branch can "
            "publish"
        )
    if match.pins:
        yield f"the repository's numbers are not pinned yet in {label}: a real exchange pins them"
    if match.renamed:
        yield f"the repository was renamed since {label} was made: a real exchange follows"


def _of_job(workload: Workload, expires_at: datetime) -> Iterator[str]:
    if "self_hosted_runner" in workload.advisories:
        yield "the runner is not the CI system's own: what it keeps between jobs is in your hands"
    if expires_at - timezone.now() < SOON:
        yield "the ID token expires within two minutes: ask for it right before the exchange"
