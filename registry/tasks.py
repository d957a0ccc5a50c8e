"""Jobs of the registry; each may run twice."""

from celery import shared_task

from accounts.models import ApiToken, User
from registry import emails
from registry.models import Crate, DeletedCrate, Team, Version
from registry.operations import clean_up, count_downloads, delete, index, rate_limits
from registry.operations import settings as crate_settings


@shared_task(name="registry.sweep_index")
def sweep_index() -> None:
    index.sweep()


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


@shared_task(name="registry.mail_trustpub_only_ending")
def mail_trustpub_only_ending(crate_id: int, by: str) -> None:
    if crate := Crate.objects.filter(pk=crate_id).first():
        emails.trustpub_only_ending(crate, by)


@shared_task(name="registry.mail_team_trustpub_only")
def mail_team_trustpub_only(crate_id: int, team_id: int) -> None:
    if crate := Crate.objects.filter(pk=crate_id).first():
        emails.team_trustpub_only(crate, Team.objects.get(pk=team_id))


@shared_task(name="registry.mail_provenance_break")
def mail_provenance_break(version_id: int, what: str) -> None:
    version = Version.objects.filter(pk=version_id).select_related("crate").first()
    if version:
        emails.provenance_break(version, what)


@shared_task(name="registry.end_trustpub_only")
def end_trustpub_only() -> None:
    crate_settings.end_trustpub_only()


@shared_task(name="registry.remove_deleted_files")
def remove_deleted_files(deleted_id: int) -> None:
    delete.remove_files(deleted_id)


@shared_task(name="registry.sweep_deleted")
def sweep_deleted() -> None:
    delete.sweep()


@shared_task(name="registry.mail_crate_deleted")
def mail_crate_deleted(deleted_id: int) -> None:
    emails.crate_deleted(DeletedCrate.objects.select_related("deleted_by").get(pk=deleted_id))


@shared_task(name="registry.remove_unfinished_files")
def remove_unfinished_files() -> None:
    clean_up.remove_unfinished_files()


@shared_task(name="registry.mail_team_added")
def mail_team_added(crate_id: int, login: str, by: str) -> None:
    emails.team_added(Crate.objects.get(pk=crate_id), login, by)


@shared_task(name="registry.mail_team_removed")
def mail_team_removed(crate_id: int, login: str, by: str) -> None:
    emails.team_removed(Crate.objects.get(pk=crate_id), login, by)


@shared_task(name="registry.fold_downloads")
def fold_downloads() -> None:
    count_downloads.fold_spool()


@shared_task(name="registry.mail_token_leaked")
def mail_token_leaked(token_id: int, source: str, place: str) -> None:
    token = ApiToken.objects.filter(pk=token_id).select_related("user").first()
    if token:
        emails.token_leaked(token, source, place)


@shared_task(name="registry.mail_version_published")
def mail_version_published(version_id: int) -> None:
    version = Version.objects.filter(pk=version_id).select_related("crate", "published_by").first()
    if version:
        emails.version_published(version)
