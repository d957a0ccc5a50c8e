"""Jobs of the registry; each may run twice."""

from celery import shared_task

from accounts.models import ApiToken, User
from adapters.compiled import CompiledQuery
from registry import emails
from registry.models import Crate, DeletedCrate, Invitation, Report, Team, Version
from registry.operations import (
    also_attested,
    clean_up,
    count_downloads,
    delete,
    evidence,
    index,
    rate_limits,
    reviews,
    search_tiers,
)
from registry.operations import settings as crate_settings
from registry.operations.invitations import new_token

# Of a letter that each publish brings.
_PUBLISHED = CompiledQuery(
    lambda version: Version.objects.filter(pk=version).select_related("crate", "provenance"),
    version=int,
)


@shared_task(name="registry.sweep_index")
def sweep_index() -> str:
    return f"{index.sweep()} index files written"


@shared_task(name="registry.delete_full_buckets")
def delete_full_buckets() -> None:
    rate_limits.delete_full_buckets()


@shared_task(name="registry.mail_owner_added")
def mail_owner_added(crate_id: int, user_id: int, by: str) -> None:
    if found := _still_there(crate_id, user_id):
        emails.owner_added(*found, by)


@shared_task(name="registry.mail_owner_removed")
def mail_owner_removed(crate_id: int, user_id: int, by: str) -> None:
    if found := _still_there(crate_id, user_id):
        emails.owner_removed(*found, by)


@shared_task(name="registry.mail_invitation")
def mail_invitation(invitation_id: int) -> None:
    """The token is made here, so that it never lies in the queue."""
    invitation = Invitation.objects.with_everybody().filter(pk=invitation_id).first()
    if invitation and invitation.invitee.verified_email():
        emails.owner_invited(invitation, new_token(invitation))


@shared_task(name="registry.mail_invitation_accepted")
def mail_invitation_accepted(crate_id: int, user_id: int, inviter: str) -> None:
    if found := _still_there(crate_id, user_id):
        emails.invitation_accepted(*found, inviter)


@shared_task(name="registry.mail_version_published")
def mail_version_published(version_id: int, by: str) -> None:
    if version := _PUBLISHED.first(version=version_id):
        emails.version_published(version, by)


@shared_task(name="registry.mail_owner_left")
def mail_owner_left(crate_id: int, login: str) -> None:
    if crate := Crate.objects.filter(pk=crate_id).first():
        emails.owner_left(crate, login)


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


@shared_task(name="registry.mail_report_made")
def mail_report_made(report_id: int) -> None:
    if report := Report.objects.filter(pk=report_id).select_related("reporter").first():
        emails.report_made(report)


@shared_task(name="registry.mail_report_resolved")
def mail_report_resolved(report_id: int) -> None:
    if report := Report.objects.filter(pk=report_id).select_related("reporter").first():
        emails.report_resolved(report)


@shared_task(name="registry.review_new_crate")
def review_new_crate(crate_id: int) -> None:
    reviews.review_new_crate(crate_id)


@shared_task(name="registry.review_missed")
def review_missed() -> str:
    return f"{reviews.review_missed()} new crates put into the queue"


@shared_task(name="registry.end_trustpub_only")
def end_trustpub_only() -> None:
    crate_settings.end_trustpub_only()


@shared_task(name="registry.remove_deleted_files")
def remove_deleted_files(deleted_id: int) -> None:
    delete.remove_files(deleted_id)


@shared_task(name="registry.remove_deleted_version")
def remove_deleted_version(deleted_id: int) -> None:
    delete.remove_version_file(deleted_id)


@shared_task(name="registry.sweep_deleted")
def sweep_deleted() -> None:
    delete.sweep()


@shared_task(name="registry.mail_crate_deleted")
def mail_crate_deleted(deleted_id: int, user_id: int) -> None:
    deleted = DeletedCrate.objects.select_related("deleted_by").get(pk=deleted_id)
    emails.crate_deleted(deleted, User.objects.get(pk=user_id))


@shared_task(name="registry.mail_moderated")
def mail_moderated(crate_id: int, subject: str, what: str, reason: str) -> None:
    if crate := Crate.everything.filter(pk=crate_id).first():
        emails.moderated(crate, subject, what, reason)


@shared_task(name="registry.remove_unfinished_files")
def remove_unfinished_files() -> None:
    clean_up.remove_unfinished_files()


@shared_task(name="registry.mail_team_added")
def mail_team_added(crate_id: int, login: str, by: str) -> None:
    if crate := Crate.objects.filter(pk=crate_id).first():
        emails.team_added(crate, login, by)


@shared_task(name="registry.mail_team_removed")
def mail_team_removed(crate_id: int, login: str, by: str) -> None:
    if crate := Crate.objects.filter(pk=crate_id).first():
        emails.team_removed(crate, login, by)


@shared_task(name="registry.fold_downloads")
def fold_downloads() -> None:
    count_downloads.fold_spool()


@shared_task(name="registry.mail_token_leaked")
def mail_token_leaked(token_id: int, source: str, place: str) -> None:
    token = ApiToken.objects.filter(pk=token_id).select_related("user").first()
    if token:
        emails.token_leaked(token, source, place)


def _still_there(crate_id: int, user_id: int) -> tuple[Crate, User] | None:
    """Either may be gone by the time the job runs."""
    crate = Crate.objects.filter(pk=crate_id).first()
    user = User.objects.filter(pk=user_id).first()
    return (crate, user) if crate and user else None


@shared_task(name="registry.refresh_search_tiers")
def refresh_search_tiers() -> str:
    return f"{search_tiers.refresh()} crates moved"


@shared_task(name="registry.write_evidence")
def write_evidence() -> str:
    return f"evidence of {evidence.write_file()} crates written"


@shared_task(name="registry.ask_github_what_is_attested")
def ask_github_what_is_attested() -> str:
    return f"{also_attested.ask_github()} versions are also attested at GitHub"
