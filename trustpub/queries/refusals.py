"""Refused exchanges that the owners of a crate may see (trusted-publishing reference, g.2)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from trustpub.conditions import ascii_fold
from trustpub.echo import printable
from trustpub.models import ExchangeRefusal, Publisher
from trustpub.workload import Workload

SHOWN = 10


@dataclass(frozen=True, slots=True)
class ShownDifference:
    """What a publisher expects beside what the job had; "" stands for absent."""

    field: str
    expected: str
    received: str


@dataclass(frozen=True, slots=True)
class ShownRefusal:
    """One refused exchange; `run_url` is None where the claims give no link."""

    at: datetime
    request_id: str
    code: str
    detail: str
    workload: Workload
    run_url: str | None
    differences: tuple[ShownDifference, ...]


def refusals_of(publishers: Sequence[Publisher]) -> list[ShownRefusal]:
    """The latest that concern one of these publishers, newest first; one query.

    A pinned publisher is recognised by the repository's id alone: whoever took over its name
    would be a stranger.
    """
    if not publishers:
        return []
    concerned = Q()
    for publisher in publishers:
        concerned |= Q(issuer=publisher.issuer_id) & _same_repository(publisher)
    rows = ExchangeRefusal.objects.filter(concerned).select_related("issuer").order_by("-pk")
    labels = {printable(str(publisher)) for publisher in publishers}
    return [_shown(row, labels) for row in rows[:SHOWN]]


def _same_repository(publisher: Publisher) -> Q:
    if publisher.repository_id:
        return Q(workload__repository_id=publisher.repository_id)
    # Repositories' names are ASCII, so the database's idea of case is ours.
    return Q(workload__repository__iexact=ascii_fold(publisher.repository))


def _shown(row: ExchangeRefusal, labels: set[str]) -> ShownRefusal:
    workload = Workload.from_dict(row.workload)
    links = row.issuer.adapter.links(workload, row.issuer.web_url)
    differences = [
        ShownDifference(
            str(difference["field"]).replace("_", " "),
            str(difference["expected"]),
            str(difference["received"]),
        )
        for publisher in row.differences
        # Publishers of other crates are their owners' business.
        if publisher.get("label") in labels
        for difference in publisher.get("differences", [])
    ]
    return ShownRefusal(
        row.at, row.request_id, row.code, row.detail, workload, links.run, tuple(differences)
    )
