"""What a version's page shows: where it came from, what it says of itself, what it needs."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from registry.formats.repository_links import Agreement, compare_commits, compare_repositories
from registry.formats.vcs_info import VcsInfo, read_vcs_info
from registry.models import Attestation, Dependency, Provenance, PublishKind, Version
from registry.queries.provenance_line import Break, break_of

# What of a stored workload may be shown: no claim that could name a person.
_SHOWN_FACTS = {
    "repository_id": "Repository ID",
    "owner_id": "Owner ID",
    "visibility": "Repository visibility",
    "called_workflow": "Reusable workflow",
    "called_workflow_sha": "Reusable workflow commit",
    "workflow_sha": "Workflow commit",
    "ref_type": "Ref type",
    "ref_protected": "Ref protected",
    "job_id": "Job ID",
    "run_number": "Run number",
    "runner_environment": "Runner",
    "enterprise": "Enterprise",
}
_KIND_TITLES = {
    Dependency.Kind.NORMAL: "Normal",
    Dependency.Kind.BUILD: "Build",
    Dependency.Kind.DEV: "Development",
}


@dataclass(frozen=True, slots=True)
class Claims:
    """What the archive says of its source, beside what the registry verified."""

    vcs: VcsInfo | None
    commit: Agreement
    repository: Agreement


@dataclass(frozen=True, slots=True)
class DependencyGroup:
    """All dependencies of one kind, by name."""

    title: str
    dependencies: list[Dependency]


@dataclass(frozen=True, slots=True)
class VersionPage:
    """`facts` are further labelled values of the verified identity; empty without one."""

    version: Version
    provenance: Provenance | None
    facts: list[tuple[str, str]]
    claims: Claims
    groups: list[DependencyGroup]
    provenance_break: Break | None = None
    attestations: Sequence[Attestation] = ()

    @property
    def is_trusted(self) -> bool:
        return self.provenance is not None and self.provenance.kind == PublishKind.TRUSTED


def version_page(version: Version) -> VersionPage:
    """Two queries, if `version` comes with its provenance; three with attestations."""
    provenance = getattr(version, "provenance", None)
    return VersionPage(
        version=version,
        provenance=provenance,
        facts=_facts(provenance) if provenance else [],
        claims=_claims(version, provenance),
        groups=_groups(version.dependencies.order_by("name", "alias", "target", "pk")),
        provenance_break=break_of(version),
        attestations=_attestations(version, provenance),
    )


def _attestations(version: Version, provenance: Provenance | None) -> list[Attestation]:
    """Without the bundles, which nobody looks at on a page."""
    if provenance is None or not provenance.attested:
        return []
    return list(version.attestations.defer("bundle").order_by("pk"))


def _facts(provenance: Provenance) -> list[tuple[str, str]]:
    workload = provenance.workload if isinstance(provenance.workload, dict) else {}
    values = ((label, workload.get(key)) for key, label in _SHOWN_FACTS.items())
    return [(label, _as_text(value)) for label, value in values if value not in (None, "")]


def _as_text(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def _claims(version: Version, provenance: Provenance | None) -> Claims:
    vcs = read_vcs_info(version.vcs_info)
    verified = provenance.links.get("repository", "") if provenance else ""
    return Claims(
        vcs=vcs,
        commit=compare_commits(vcs.sha if vcs else "", provenance.sha if provenance else ""),
        repository=compare_repositories(version.repository, verified),
    )


def _groups(dependencies: Iterable[Dependency]) -> list[DependencyGroup]:
    by_kind: dict[str, list[Dependency]] = {kind: [] for kind in _KIND_TITLES}
    for dependency in dependencies:
        by_kind[dependency.kind].append(dependency)
    return [
        DependencyGroup(title, by_kind[kind])
        for kind, title in _KIND_TITLES.items()
        if by_kind[kind]
    ]
