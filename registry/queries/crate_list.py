"""What a list shows of each crate: the crate and how its default version was published."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import F

from registry.models import Crate, PublishKind, Version


@dataclass(frozen=True, slots=True)
class ListedCrate:
    """`version` is the crate's default version; None for a crate without versions."""

    crate: Crate
    version: Version | None

    @property
    def is_trusted(self) -> bool:
        provenance = getattr(self.version, "provenance", None)
        return provenance is not None and provenance.kind == PublishKind.TRUSTED


def listed(crates: Sequence[Crate]) -> list[ListedCrate]:
    """In the same order; one query."""
    rows = Version.objects.filter(
        crate__in=[crate.pk for crate in crates], num=F("crate__default_version")
    )
    versions = {
        version.crate_id: version
        for version in rows.select_related("provenance").defer("readme", "index_line")
    }
    return [ListedCrate(crate, versions.get(crate.pk)) for crate in crates]
