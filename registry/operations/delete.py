"""Deletes a crate with all its versions, as far as nobody can have come to rely on it."""

import logging
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from accounts import audit
from adapters import jobs
from registry import storage
from registry.actors import Actor
from registry.errors import CannotDelete
from registry.models import Crate, DeletedCrate, Dependency, Version
from registry.operations import index, topics
from registry.policies import Action, require

logger = logging.getLogger(__name__)

# The rules of crates.io (crates-io-api reference, 7.6).
FREE_PERIOD = timedelta(hours=72)
MONTH = timedelta(days=30)
DOWNLOADS_PER_MONTH = 1000
NAME_HELD = timedelta(hours=24)


@transaction.atomic
def delete_crate(*, actor: Actor, crate: Crate, message: str = "") -> None:
    """Removes rows at once and files after the commit; the name stays taken for NAME_HELD.

    Raises CannotDelete or a Refusal of the policy.
    """
    # Not `locked`: that lets rows come in that name the crate.
    locked = Crate.objects.select_for_update().get(pk=crate.pk)
    require(actor, Action.DELETE, locked)
    check_unused(locked)
    nums = list(locked.versions.order_by("pk").values_list("num", flat=True))
    now = timezone.now()
    deleted = DeletedCrate.objects.create(
        name=locked.name,
        canonical_name=locked.canonical_name,
        created_at=locked.created_at,
        deleted_at=now,
        available_at=now + NAME_HELD,
        deleted_by=actor.user,
        message=message,
        files=nums,
    )
    audit.record(
        "crate.deleted",
        actor=actor,
        crate=locked.name,
        subject=locked.name,
        before={"versions": nums, "downloads": locked.downloads},
        after={"message": message},
    )
    topics.file_under(locked, keywords=(), categories=())
    index.note_change(locked)
    owners = list(locked.ownerships.exclude(user=None).values_list("user_id", flat=True))
    locked.delete()
    jobs.after_commit("registry.remove_deleted_files", deleted.pk)
    for user_id in owners:
        jobs.after_commit("registry.mail_crate_deleted", deleted.pk, user_id)


@transaction.atomic
def remove_files(deleted_id: int) -> None:
    """The archives of a deleted crate; raises OSError when the storage fails."""
    deleted = DeletedCrate.objects.select_for_update().get(pk=deleted_id)
    # A late job must not take what was published under the name since.
    again = Version.objects.filter(crate__name=deleted.name, num__in=deleted.files)
    kept = set(again.values_list("num", flat=True))
    for num in deleted.files:
        if num not in kept:
            storage.objects().delete(storage.archive_key(deleted.name, num))
    deleted.files = []
    deleted.has_files = False
    deleted.save(update_fields=["files", "has_files"])


def sweep() -> None:
    """Removes what jobs that were lost have left."""
    for pk in list(DeletedCrate.objects.filter(has_files=True).values_list("pk", flat=True)):
        try:
            remove_files(pk)
        except OSError:
            logger.exception("files of deleted crate %s could not be removed; trying again", pk)


def check_unused(crate: Crate) -> None:
    """The rules of crates.io; raises CannotDelete."""
    age = timezone.now() - crate.created_at
    if age > FREE_PERIOD:
        if crate.ownerships.count() > 1:
            raise CannotDelete("only crates with a single owner can be deleted after 72 hours")
        months = age // MONTH + 1
        if crate.downloads > DOWNLOADS_PER_MONTH * months:
            raise CannotDelete(
                f"only crates with less than {DOWNLOADS_PER_MONTH} downloads per month can be "
                "deleted after 72 hours"
            )
    dependents = Dependency.objects.filter(canonical_name=crate.canonical_name, registry_index="")
    other = dependents.exclude(version__crate=crate).select_related("version__crate").first()
    if other:
        raise CannotDelete(
            "only crates without reverse dependencies can be deleted "
            f"(e.g. {other.version.crate.name}@{other.version.num} depends on this crate)"
        )
