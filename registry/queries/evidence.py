"""How much is known of where versions came from, and where a crate has more or less than before.

Consumers refuse a version with less evidence than those before it (trusted-publishing f.4-6). They
need it by release line too: a back-port published by hand is no take-over.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import groupby
from operator import itemgetter
from typing import Any

from registry.formats.semver import Version as Semver
from registry.models import Crate, Evidence, PublishKind, Version
from registry.models.provenance import evidence_level

_COLUMNS = (
    "num",
    "provenance__kind",
    "provenance__attested",
    "provenance__issuer_url",
    "provenance__repository_id",
)
_AT_ONCE = 5000


@dataclass(slots=True)
class Line:
    """What became of trusted publishing from version to version, in the order of publishing.

    `trusted_since` is the first of the versions since which all came from it, None if the last one
    did not. Imports say nothing of a line: another registry's tokens published them.
    """

    latest: str = ""
    evidence: Evidence = Evidence.NONE
    trusted_since: str | None = None
    lost_in: list[str] = field(default_factory=list)
    source_changed_in: list[str] = field(default_factory=list)
    _source: tuple[str, str] | None = None

    def take(self, num: str, kind: str, evidence: Evidence, source: tuple[str, str]) -> None:
        self.latest, self.evidence = num, evidence
        if kind == PublishKind.IMPORTED:
            return
        if kind != PublishKind.TRUSTED:
            if self.trusted_since is not None:
                self.lost_in.append(num)
            self.trusted_since = None
            return
        self.trusted_since = self.trusted_since or num
        if self._source not in (None, source):
            self.source_changed_in.append(num)
        self._source = source

    def as_dict(self) -> dict[str, Any]:
        return {
            "latest": self.latest,
            "evidence": self.evidence.value,
            "trusted_since": self.trusted_since,
            "lost_in": self.lost_in,
            "source_changed_in": self.source_changed_in,
        }


@dataclass(frozen=True, slots=True)
class CrateEvidence:
    """`lines` are those of compatible versions, named as release tracks are: `1`, `0.3`."""

    crate: str
    versions: dict[str, Evidence]
    whole: Line
    lines: dict[str, Line]

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON values, as the API and the file of all crates have them."""
        return {
            "crate": self.crate,
            "versions": {num: evidence.value for num, evidence in self.versions.items()},
            "line": self.whole.as_dict(),
            "release_lines": {name: line.as_dict() for name, line in self.lines.items()},
        }


def evidence_of(crate: Crate) -> CrateEvidence:
    """One query."""
    return _read(crate.name, crate.versions.order_by("pk").values_list(*_COLUMNS))


def evidence_of_all() -> Iterator[CrateEvidence]:
    """Every crate that is seen, in bounded memory; one query."""
    rows = Version.objects.filter(crate__hidden_at=None).order_by("crate_id", "pk")
    found = rows.values_list("crate__name", *_COLUMNS).iterator(chunk_size=_AT_ONCE)
    for name, versions in groupby(found, key=itemgetter(0)):
        yield _read(name, (row[1:] for row in versions))


def _read(crate: str, rows: Iterable[tuple[Any, ...]]) -> CrateEvidence:
    found = CrateEvidence(crate, {}, Line(), {})
    for num, kind, attested, issuer, repository in rows:
        evidence = evidence_level(kind or "", attested or "")
        found.versions[num] = evidence
        for line in (found.whole, found.lines.setdefault(_line_of(num), Line())):
            line.take(num, kind or "", evidence, (issuer or "", repository or ""))
    return found


def _line_of(num: str) -> str:
    return Semver.parse(num).track
