"""Workload: who ran, from which source, on which event. Never a person (a.13)."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """One CI job as its issuer described it; what is absent or empty there is None here."""

    provider: str
    repository: str  # "owner/name" or "group/sub/project", for display
    repository_id: str
    owner_id: str
    workflow: str  # GitHub: file name of the caller's workflow; GitLab: path of the pipeline file
    workflow_ref: str  # the claim as it was sent
    run_id: str
    event: str
    workflow_sha: str | None = None
    called_workflow: str | None = None  # "owner/name/path" of a reusable workflow with the job
    called_workflow_ref: str | None = None
    called_workflow_sha: str | None = None
    ref: str | None = None
    ref_type: str | None = None
    ref_protected: bool | None = None
    sha: str | None = None
    environment: str | None = None
    run_attempt: str | None = None
    run_number: str | None = None
    job_id: str | None = None
    runner_environment: str | None = None
    visibility: str | None = None
    enterprise: str | None = None  # slug in the issuer's address
    advisories: tuple[str, ...] = ()

    @property
    def owner(self) -> str:
        """Account, organisation or group that the repository belongs to."""
        return self.repository.rpartition("/")[0]

    def value_of(self, field: str) -> str | None:
        """What a condition on `field` is compared with; None where there is nothing.

        Raises KeyError for what is not one of COMPARABLE_FIELDS.
        """
        if field not in COMPARABLE_FIELDS:
            raise KeyError(field)
        value = getattr(self, field)
        if isinstance(value, bool):
            return "true" if value else "false"
        return None if value is None else str(value)

    def as_dict(self) -> dict[str, object]:
        """Plain JSON values, for storage."""
        return asdict(self) | {"advisories": list(self.advisories)}

    @classmethod
    def from_dict(cls, stored: Mapping[str, object]) -> "Workload":
        """The workload that `as_dict` gave; fields that a later version added may be absent."""
        known = {field.name: stored[field.name] for field in fields(cls) if field.name in stored}
        advisories = known.pop("advisories", ())
        texts = tuple(advisories) if isinstance(advisories, list | tuple) else ()
        return cls(**known, advisories=texts)  # type: ignore[arg-type]


COMPARABLE_FIELDS = frozenset(field.name for field in fields(Workload)) - {"advisories"} | {"owner"}


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkloadLinks:
    """Addresses on the forge; None where the claims do not give enough to build one."""

    repository: str | None = None
    commit: str | None = None
    tree: str | None = None
    workflow: str | None = None
    called_workflow: str | None = None
    run: str | None = None
