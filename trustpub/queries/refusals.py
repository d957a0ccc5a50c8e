"""Refused exchanges that the owners of a crate may see (trusted-publishing reference, g.2)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from django.db.models import Q
from django.urls import reverse

from registry.models import Crate
from trustpub.conditions import ascii_fold
from trustpub.models import ExchangeRefusal, Issuer, Publisher, PublisherCrate
from trustpub.workload import Workload

SHOWN = 10
# Anybody can name a repository as the publisher of a crate of their own.
OF_OTHERS = "The job differs from what a publisher of another crate expects of this repository."
# Whose words say what a publisher expects.
TELLING = ("publisher_mismatch", "event_not_allowed")


@dataclass(frozen=True, slots=True)
class ShownDifference:
    """What a publisher expects beside what the job had; "" stands for absent."""

    field: str
    expected: str
    received: str


@dataclass(frozen=True, slots=True)
class ShownRefusal:
    """One refused exchange; `run_url` is None where the claims give no link.

    `form_url` opens a publisher's form filled from it; `edits` says that it is an existing one's.
    """

    at: datetime
    count: int
    request_id: str
    code: str
    detail: str
    workload: Workload
    run_url: str | None
    differences: tuple[ShownDifference, ...]
    form_url: str
    edits: bool


def refusals_of(crate: Crate, grants: Sequence[PublisherCrate]) -> list[ShownRefusal]:
    """The latest that concern a publisher or the declared repository of the crate, newest first.

    A pinned publisher is recognised by the repository's id alone: whoever took over its name
    would be a stranger. One query, and one for the declared repository's issuer.
    """
    concerned = _concerned(crate, [grant.publisher for grant in grants])
    if concerned is None:
        return []
    rows = ExchangeRefusal.objects.filter(concerned).select_related("issuer").order_by("-at", "-pk")
    by_publisher = {grant.publisher_id: grant for grant in grants}
    return [_shown(row, crate, by_publisher) for row in rows[:SHOWN]]


def refusal_for(crate: Crate, refusal_id: str) -> ExchangeRefusal | None:
    """The record of that id, if the crate's owners may see it."""
    if not (refusal_id.isascii() and refusal_id.isdigit() and len(refusal_id) < 19):
        return None
    grants = PublisherCrate.objects.filter(crate=crate).select_related("publisher__issuer")
    concerned = _concerned(crate, [grant.publisher for grant in grants])
    if concerned is None:
        return None
    rows = ExchangeRefusal.objects.filter(concerned, pk=int(refusal_id))
    return rows.select_related("issuer").first()


def _concerned(crate: Crate, publishers: Sequence[Publisher]) -> Q | None:
    found = Q()
    for publisher in publishers:
        found |= Q(issuer=publisher.issuer_id) & _same_repository(publisher)
    if not publishers:
        # Before there is one: the repository that the owners named in the manifest.
        found |= _declared(crate)
    return found or None


def _declared(crate: Crate) -> Q:
    try:
        parts = urlsplit(crate.repository)
    except ValueError:
        return Q()
    path = parts.path.strip("/").removesuffix(".git")
    if parts.scheme != "https" or parts.username or not path or not path.isascii():
        return Q()
    found = Q()
    for issuer in Issuer.objects.filter(web_url=f"https://{parts.netloc}"):
        found |= Q(issuer=issuer, workload__repository__iexact=path)
    return found


def _same_repository(publisher: Publisher) -> Q:
    if publisher.repository_id:
        return Q(repository_id=publisher.repository_id)
    # Repositories' names are ASCII, so the database's idea of case is ours.
    return Q(workload__repository__iexact=ascii_fold(publisher.repository))


def _shown(row: ExchangeRefusal, crate: Crate, grants: dict[int, PublisherCrate]) -> ShownRefusal:
    workload = row.typed_workload()
    links = row.issuer.adapter.links(workload, row.issuer.web_url)
    # Publishers of other crates are their owners' business.
    missing = [entry for entry in row.differences if "differences" in entry]
    ours = [entry for entry in missing if entry.get("publisher") in grants]
    differences = [
        ShownDifference(
            str(difference["field"]).replace("_", " "),
            str(difference["expected"]),
            str(difference["received"]),
        )
        for publisher in ours
        for difference in publisher.get("differences", [])
    ]
    missed = grants[ours[0]["publisher"]] if ours else None
    return ShownRefusal(
        at=row.at,
        count=row.count,
        request_id=row.request_id,
        code=row.code,
        detail=OF_OTHERS if row.code in TELLING and ours != missing else row.detail,
        workload=workload,
        run_url=links.run,
        differences=tuple(differences),
        form_url=_form_url(row, crate, missed),
        edits=missed is not None,
    )


def _form_url(row: ExchangeRefusal, crate: Crate, missed: PublisherCrate | None) -> str:
    """What fits a form only: a token that was spent or is of a stranger's event needs none."""
    if row.code not in ("no_publisher", "publisher_mismatch", "event_not_allowed"):
        return ""
    if not row.workload.get("workflow"):
        return ""
    address = (
        reverse("publisher_edit", args=[crate.name, missed.pk])
        if missed
        else reverse("publisher_new", args=[crate.name])
    )
    return f"{address}?from_event={row.pk}"
