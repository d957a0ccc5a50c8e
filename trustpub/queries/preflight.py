"""What would become of the uploads of a workspace, before the first of them (d.6)."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum

from registry.formats.names import canonical
from registry.models import Crate, Version


class Status(StrEnum):
    """The first that holds, from the top."""

    QUARANTINED = "quarantined"
    ALREADY_PUBLISHED = "already_published"
    OK = "ok"
    PENDING_OK = "pending_ok"
    NAME_TAKEN = "name_taken"
    NO_PUBLISHER = "no_publisher"


@dataclass(frozen=True, slots=True)
class Upload:
    """One archive that a job means to publish; `checksum` is SHA-256 in hex, or empty."""

    name: str
    version: str
    checksum: str = ""


@dataclass(frozen=True, slots=True)
class Reach:
    """Names of the crates that a job may publish and of those that it may found.

    `promised` are those that it could found once, until somebody else did.
    """

    crates: Collection[str]
    new_names: Collection[str]
    promised: Collection[str] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """`same_archive` is told where the version exists and a checksum was sent."""

    upload: Upload
    status: Status
    same_archive: bool | None = None


def outcomes(uploads: Sequence[Upload], reach: Reach) -> list[Outcome]:
    """In the order of the uploads; two queries, whatever their number."""
    reached, founded = set(map(canonical, reach.crates)), set(map(canonical, reach.new_names))
    names = {canonical(upload.name) for upload in uploads}
    there = dict(
        Crate.everything.filter(canonical_name__in=names).values_list("canonical_name", "hidden_at")
    )
    hidden = {name for name, hidden_at in there.items() if hidden_at}
    taken = there.keys() & {*founded, *map(canonical, reach.promised)}
    # Of crates that the job reaches only: whether others exist is not its business. That moderators
    # look into one is told at the upload to everybody.
    rows = Version.everything.filter(
        crate__canonical_name__in=names & reached,
        num_without_build__in={_without_build(upload.version) for upload in uploads},
    )
    published = {
        (crate, num): checksum
        for crate, num, checksum in rows.values_list(
            "crate__canonical_name", "num_without_build", "checksum"
        )
    }
    return [_outcome(upload, reached, founded, hidden, taken, published) for upload in uploads]


def _outcome(
    upload: Upload,
    reached: set[str],
    founded: set[str],
    hidden: set[str],
    taken: set[str],
    published: dict[tuple[str, str], str],
) -> Outcome:
    name = canonical(upload.name)
    if name in hidden:
        return Outcome(upload, Status.QUARANTINED)
    known = published.get((name, _without_build(upload.version)))
    if known is not None:
        same = known == upload.checksum if upload.checksum else None
        return Outcome(upload, Status.ALREADY_PUBLISHED, same)
    if name in reached:
        return Outcome(upload, Status.OK)
    if name in taken:
        return Outcome(upload, Status.NAME_TAKEN)
    return Outcome(upload, Status.PENDING_OK if name in founded else Status.NO_PUBLISHER)


def _without_build(number: str) -> str:
    return number.partition("+")[0]
