"""Whether a version comes from elsewhere than the one before it (trusted-publishing f.4-1)."""

from enum import StrEnum

from registry.models import Provenance, PublishKind, Version


class Break(StrEnum):
    """What a reader of the version, and the owners, should be told."""

    LOST = "earlier versions came from trusted publishing, this one did not"
    MOVED = "the version before came from another repository"


def break_of(version: Version) -> Break | None:
    """Compared with the last trusted version before it; one query."""
    before = (
        Provenance.objects.filter(
            version__crate=version.crate_id,
            version__pk__lt=version.pk,
            version__hidden_at=None,
            kind=PublishKind.TRUSTED,
        )
        .order_by("-version__pk")
        .first()
    )
    now = getattr(version, "provenance", None)
    if before is None or now is None or now.kind == PublishKind.IMPORTED:
        return None
    if now.kind != PublishKind.TRUSTED:
        return Break.LOST
    source = (before.issuer_url, before.repository_id)
    return Break.MOVED if source != (now.issuer_url, now.repository_id) else None
