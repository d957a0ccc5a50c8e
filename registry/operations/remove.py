"""Deletes what a moderator finds no place for, whatever the rules for owners say."""

from datetime import timedelta

from django.db import transaction
from django.db.models import Sum
from django.utils import timezone

from accounts import audit
from accounts.errors import InvalidInput
from accounts.powers import Power, require_power
from adapters import jobs
from registry.actors import Actor
from registry.models import Crate, DeletedVersion, DownloadTotals, Version, VersionDownload
from registry.operations.delete import NAME_HELD, remove_rows
from registry.operations.names import reserve
from registry.operations.quarantine import WRITE_EVIDENCE, settle
from registry.queries.lookup import held


@transaction.atomic
def remove_crate(*, actor: Actor, crate: Crate, reason: str, held_for: timedelta | None) -> None:
    """Rows at once, files after the commit; `held_for` None keeps the name for good.

    Raises NotAllowed, or NotFound for one that is gone.
    """
    require_power(actor, Power.MODERATE)
    locked = held(crate.pk, even_hidden=True)
    # Before rows go that others wait for: this lets none come in that name the crate.
    Crate.everything.select_for_update().get(pk=locked.pk)
    if held_for is None:
        reserve(actor=actor, pattern=locked.canonical_name, reason=reason, if_free=True)
    # Its owners are told why, and not by whom.
    remove_rows(actor, locked, message=reason, held_for=held_for or NAME_HELD, by=None)
    jobs.after_commit(WRITE_EVIDENCE)


@transaction.atomic
def remove_version(
    *, actor: Actor, version: Version, reason: str, held_for: timedelta | None
) -> None:
    """Its number is not given again until then; `held_for` None: never.

    Raises NotAllowed, or InvalidInput for the only version of a crate.
    """
    require_power(actor, Power.MODERATE)
    crate = held(version.crate_id, even_hidden=True)
    current = Version.everything.select_related("crate").get(pk=version.pk)
    if not Version.everything.filter(crate=crate).exclude(pk=current.pk).exists():
        raise InvalidInput(f"{current} is the only version; delete the crate {crate.name} instead")
    deleted = DeletedVersion.objects.create(
        crate_name=crate.name,
        canonical_name=crate.canonical_name,
        num=current.num,
        num_without_build=current.num_without_build,
        checksum=current.checksum,
        available_at=timezone.now() + held_for if held_for else None,
        message=reason,
    )
    audit.record(
        "version.deleted",
        actor=actor,
        crate=crate.name,
        subject=str(current),
        before={"checksum": current.checksum, "downloads": current.downloads},
    )
    crate.downloads -= current.downloads
    crate.recent_downloads -= _recent(current)
    crate.save(update_fields=["downloads", "recent_downloads"])
    label = str(current)
    current.delete()
    settle(crate)
    jobs.after_commit("registry.remove_deleted_version", deleted.pk)
    jobs.after_commit("registry.mail_moderated", crate.pk, label, "was deleted", reason)
    jobs.after_commit(WRITE_EVIDENCE)


def _recent(version: Version) -> int:
    """What the crate's recent downloads count of this version."""
    totals = DownloadTotals.objects.first()
    if totals is None:
        return 0
    rows = VersionDownload.objects.filter(version=version, date__gte=totals.recent_since)
    return int(rows.aggregate(all=Sum("downloads"))["all"] or 0)
