"""Jobs of the registry; each may run twice."""

from celery import shared_task

from accounts.models import User
from registry import emails
from registry.models import Crate, DeletedCrate
from registry.operations import count_downloads, delete, index, rate_limits


@shared_task(name="registry.sweep_index")
def sweep_index() -> str:
    return f"{index.sweep()} index files written"


@shared_task(name="registry.delete_full_buckets")
def delete_full_buckets() -> None:
    rate_limits.delete_full_buckets()


@shared_task(name="registry.mail_owner_added")
def mail_owner_added(crate_id: int, user_id: int, by: str) -> None:
    emails.owner_added(Crate.objects.get(pk=crate_id), User.objects.get(pk=user_id), by)


@shared_task(name="registry.mail_owner_removed")
def mail_owner_removed(crate_id: int, user_id: int, by: str) -> None:
    emails.owner_removed(Crate.objects.get(pk=crate_id), User.objects.get(pk=user_id), by)


@shared_task(name="registry.mail_trustpub_only_changed")
def mail_trustpub_only_changed(crate_id: int, by: str) -> None:
    if crate := Crate.objects.filter(pk=crate_id).first():
        emails.trustpub_only_changed(crate, by)


@shared_task(name="registry.remove_deleted_files")
def remove_deleted_files(deleted_id: int) -> None:
    delete.remove_files(deleted_id)


@shared_task(name="registry.sweep_deleted")
def sweep_deleted() -> None:
    delete.sweep()


@shared_task(name="registry.mail_crate_deleted")
def mail_crate_deleted(deleted_id: int) -> None:
    emails.crate_deleted(DeletedCrate.objects.select_related("deleted_by").get(pk=deleted_id))


@shared_task(name="registry.mail_team_added")
def mail_team_added(crate_id: int, login: str, by: str) -> None:
    emails.team_added(Crate.objects.get(pk=crate_id), login, by)


@shared_task(name="registry.mail_team_removed")
def mail_team_removed(crate_id: int, login: str, by: str) -> None:
    emails.team_removed(Crate.objects.get(pk=crate_id), login, by)


@shared_task(name="registry.fold_downloads")
def fold_downloads() -> None:
    count_downloads.fold_spool()
