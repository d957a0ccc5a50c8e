"""Tables about crates and all that happens to them."""

from registry.models.attestation import Attestation
from registry.models.category import Category
from registry.models.crate import Crate
from registry.models.crate_limits import CrateLimits
from registry.models.crate_review import CrateReview
from registry.models.deleted_crate import DeletedCrate
from registry.models.deleted_version import DeletedVersion
from registry.models.dependency import Dependency
from registry.models.download_count import (
    CountedFile,
    DownloadTotals,
    VersionDownload,
    VersionTotal,
)
from registry.models.follow import Follow
from registry.models.index_change import IndexChange
from registry.models.invitation import Invitation
from registry.models.job_run import JobRun
from registry.models.keyword import Keyword
from registry.models.ownership import Ownership, Team
from registry.models.provenance import Attested, Evidence, Provenance, PublishKind
from registry.models.rate_bucket import LimitedAction, LimitOverride, RateBucket
from registry.models.report import Report
from registry.models.reserved_name import ReservedName
from registry.models.search_document import SearchDocument
from registry.models.version import Version
from registry.models.version_action import VersionAction

__all__ = [
    "Attestation",
    "Attested",
    "Category",
    "CountedFile",
    "Crate",
    "CrateLimits",
    "CrateReview",
    "DeletedCrate",
    "DeletedVersion",
    "Dependency",
    "DownloadTotals",
    "Evidence",
    "Follow",
    "IndexChange",
    "Invitation",
    "JobRun",
    "Keyword",
    "LimitOverride",
    "LimitedAction",
    "Ownership",
    "Provenance",
    "PublishKind",
    "RateBucket",
    "Report",
    "ReservedName",
    "SearchDocument",
    "Team",
    "Version",
    "VersionAction",
    "VersionDownload",
    "VersionTotal",
]
