"""Deletes a crate with all its versions, as far as nobody can have come to rely on it."""

import logging
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts import audit
from accounts.models import User
from adapters import jobs
from registry import storage
from registry.actors import Actor
from registry.errors import CannotDelete, InQuarantine
from registry.models import Crate, DeletedCrate, DeletedVersion, Dependency, Version
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
    locked = Crate.everything.select_for_update().get(pk=crate.pk)
    if locked.hidden_at:
        raise InQuarantine(locked.name)
    require(actor, Action.DELETE, locked)
    check_unused(locked)
    remove_rows(actor, locked, message=message, held_for=NAME_HELD, by=actor.user)


def remove_rows(
    actor: Actor, crate: Crate, *, message: str, held_for: timedelta, by: User | None
) -> None:
    """For a transaction that holds the crate; files go after it, and the owners get a letter."""
    versions = Version.everything.filter(crate=crate).order_by("pk")
    nums = list(versions.values_list("num", flat=True))
    now = timezone.now()
    deleted = DeletedCrate.objects.create(
        name=crate.name,
        canonical_name=crate.canonical_name,
        created_at=crate.created_at,
        deleted_at=now,
        available_at=now + held_for,
        deleted_by=by,
        message=message,
        files=nums,
    )
    audit.record(
        "crate.deleted",
        actor=actor,
        crate=crate.name,
        subject=crate.name,
        before={"versions": nums, "downloads": crate.downloads},
        after={"message": message, "available_at": deleted.available_at.isoformat()},
    )
    topics.file_under(crate, keywords=(), categories=())
    index.note_change(crate)
    owners = list(crate.ownerships.exclude(user=None).values_list("user_id", flat=True))
    crate.delete()
    jobs.after_commit("registry.remove_deleted_files", deleted.pk)
    for user_id in owners:
        jobs.after_commit("registry.mail_crate_deleted", deleted.pk, user_id)


@transaction.atomic
def remove_files(deleted_id: int) -> None:
    """The archives of a deleted crate; raises OSError when the storage fails."""
    deleted = DeletedCrate.objects.select_for_update().get(pk=deleted_id)
    # A late job must not take what was published under the name since.
    again = Version.everything.filter(crate__name=deleted.name, num__in=deleted.files)
    kept = set(again.values_list("num", flat=True))
    for num in deleted.files:
        if num not in kept:
            storage.objects().delete(storage.archive_key(deleted.name, num))
            storage.objects().delete(storage.aside_key(deleted.name, num))
    deleted.files = []
    deleted.has_files = False
    deleted.save(update_fields=["files", "has_files"])


@transaction.atomic
def remove_version_file(deleted_id: int) -> None:
    """The archive of a deleted version; raises OSError when the storage fails."""
    deleted = DeletedVersion.objects.select_for_update().get(pk=deleted_id)
    # A late job must not take what was published under the number since.
    again = Version.everything.filter(crate__name=deleted.crate_name, num=deleted.num)
    if not again.exists():
        storage.objects().delete(storage.archive_key(deleted.crate_name, deleted.num))
        storage.objects().delete(storage.aside_key(deleted.crate_name, deleted.num))
    deleted.has_file = False
    deleted.save(update_fields=["has_file"])


def sweep() -> None:
    """Removes what jobs that were lost have left, of some hundreds in a run."""
    crates = DeletedCrate.objects.filter(has_files=True).order_by("pk")
    for pk in list(crates.values_list("pk", flat=True)[: settings.CRATES_AT_ONCE]):
        try:
            remove_files(pk)
        except OSError:
            logger.exception("files of deleted crate %s could not be removed; trying again", pk)
    versions = DeletedVersion.objects.filter(has_file=True).order_by("pk")
    for pk in list(versions.values_list("pk", flat=True)[: settings.CRATES_AT_ONCE]):
        try:
            remove_version_file(pk)
        except OSError:
            logger.exception("file of deleted version %s could not be removed; trying again", pk)


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
