"""What is known of an upload while it becomes a version."""

from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from registry.formats.archive import Archive
from registry.formats.dependencies import Dependency
from registry.formats.manifest import Manifest, ManifestLimits
from registry.formats.publish_frame import ArchiveDigest, PublishMetadata
from registry.formats.semver import Version as Semver


@dataclass(frozen=True, slots=True)
class Origin:
    """Where an import comes from: what the other registry calls itself, and what it says of it."""

    index_urls: frozenset[str] = frozenset()
    published_at: datetime | None = None
    # Nobody sees the version before it is yanked.
    yanked: bool = False


@dataclass(frozen=True, slots=True)
class Intent:
    """What the upload's first part asks for, before its archive is read."""

    metadata: PublishMetadata
    number: Semver
    is_first: bool
    limits: ManifestLimits
    max_upload_bytes: int
    origin: Origin
    user_agent: str

    @property
    def published_at(self) -> datetime:
        """In whole seconds: what the index says of a version must be what the API says."""
        return (self.origin.published_at or timezone.now()).replace(microsecond=0)


@dataclass(frozen=True, slots=True)
class Package:
    """The archive as it was read: what it is and what it says of itself."""

    digest: ArchiveDigest
    archive: Archive
    manifest: Manifest
    dependencies: tuple[Dependency, ...]
