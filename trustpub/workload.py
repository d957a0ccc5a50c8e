"""Workload: who ran, from which source, on which event. Never a person (a.13)."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields

# Fields of conditions on `details` start like this.
CLAIM = "claim."


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """One CI job as its issuer described it; what is absent or empty there is None here.

    `repository` and its two IDs say whose job it is, in the words of the provider: it may be a
    project, a pipeline or a service account. The four texts after them are "" where the provider
    has no such thing.
    """

    provider: str
    repository: str  # "owner/name" or "group/sub/project", for display
    repository_id: str
    owner_id: str
    workflow: str  # GitHub: file name of the caller's workflow; GitLab: path of the pipeline file
    workflow_ref: str  # the claim as it was sent
    run_id: str
    event: str
    # Where the code came from, for providers whose `repository` is something else.
    source: str | None = None
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
    # Claims that only this provider has, and that a condition may name.
    details: Mapping[str, str] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """Who runs, in one line."""
        home = self.source or self.repository
        return f"{self.workflow} of {home}" if self.workflow else home

    @property
    def owner(self) -> str:
        """Account, organisation or group that the repository belongs to."""
        return self.repository.rpartition("/")[0]

    def value_of(self, field: str) -> str | None:
        """What a condition on `field` is compared with; None where there is nothing.

        Raises KeyError for what is not one of COMPARABLE_FIELDS.
        """
        if field.startswith(CLAIM):
            return self.details.get(field.removeprefix(CLAIM))
        if field not in COMPARABLE_FIELDS:
            raise KeyError(field)
        value = getattr(self, field)
        if isinstance(value, bool):
            return "true" if value else "false"
        return None if value is None else str(value)

    def as_dict(self) -> dict[str, object]:
        """Plain JSON values, for storage."""
        # Not by `asdict`, which copies each text with care.
        return {name: getattr(self, name) for name in _FIELDS} | {
            "advisories": list(self.advisories),
            "details": dict(self.details),
        }

    @classmethod
    def from_dict(cls, stored: Mapping[str, object]) -> "Workload":
        """The workload that `as_dict` gave; fields that a later version added may be absent."""
        known = {item.name: stored[item.name] for item in fields(cls) if item.name in stored}
        advisories = known.pop("advisories", ())
        texts = tuple(advisories) if isinstance(advisories, list | tuple) else ()
        return cls(**known, advisories=texts)  # type: ignore[arg-type]


_FIELDS = tuple(item.name for item in fields(Workload))
COMPARABLE_FIELDS = frozenset(_FIELDS) - {
    "advisories",
    "details",
} | {"owner"}


def is_comparable(name: str) -> bool:
    """Whether a condition on that field can be checked at all."""
    return name in COMPARABLE_FIELDS or name.startswith(CLAIM)


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkloadLinks:
    """Addresses on the forge; None where the claims do not give enough to build one."""

    repository: str | None = None
    commit: str | None = None
    tree: str | None = None
    workflow: str | None = None
    called_workflow: str | None = None
    run: str | None = None
