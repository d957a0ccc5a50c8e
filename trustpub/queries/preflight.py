"""What would become of the uploads of a workspace, before the first of them (d.6)."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum

from registry.formats.names import canonical
from registry.models import Crate, Version


class Status(StrEnum):
    """The first that holds, from the top."""

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
class Outcome:
    """`same_archive` is told where the version exists and a checksum was sent."""

    upload: Upload
    status: Status
    same_archive: bool | None = None


def outcomes(
    uploads: Sequence[Upload], covered: Collection[str], new_names: Collection[str]
) -> list[Outcome]:
    """In the order of the uploads; two queries, whatever their number.

    `covered` and `new_names` are the names of the crates that the job's publishers reach.
    """
    reached, founded = set(map(canonical, covered)), set(map(canonical, new_names))
    names = {canonical(upload.name) for upload in uploads}
    taken = set(
        Crate.everything.filter(canonical_name__in=names & founded).values_list(
            "canonical_name", flat=True
        )
    )
    # Of crates that the job reaches only: whether others exist is not its business.
    rows = Version.everything.filter(crate__canonical_name__in=names & reached)
    published = {
        (crate, num): checksum
        for crate, num, checksum in rows.values_list(
            "crate__canonical_name", "num_without_build", "checksum"
        )
    }
    return [_outcome(upload, reached, founded, taken, published) for upload in uploads]


def _outcome(
    upload: Upload,
    reached: set[str],
    founded: set[str],
    taken: set[str],
    published: dict[tuple[str, str], str],
) -> Outcome:
    name = canonical(upload.name)
    known = published.get((name, upload.version.partition("+")[0]))
    if known is not None:
        same = known == upload.checksum if upload.checksum else None
        return Outcome(upload, Status.ALREADY_PUBLISHED, same)
    if name in reached:
        return Outcome(upload, Status.OK)
    if name in founded:
        return Outcome(upload, Status.NAME_TAKEN if name in taken else Status.PENDING_OK)
    return Outcome(upload, Status.NO_PUBLISHER)
