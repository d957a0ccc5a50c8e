"""Jobs of trusted publishing; each may run twice."""

import json

from celery import shared_task

from accounts.models import User
from adapters import jobs
from registry.models import Crate
from trustpub import emails, keys
from trustpub.models import (
    ExchangeRefusal,
    Issuer,
    KeySetRow,
    PendingPublisher,
    Publisher,
    PublisherCrate,
    PublishToken,
)
from trustpub.operations import clean_up as cleaning
from trustpub.operations import figures, notices, publisher_states
from trustpub.operations import pending as pending_operations


@shared_task(name="trustpub.refresh_key_sets")
def refresh_key_sets() -> None:
    """A job for each, so that nobody waits for an issuer that does not answer."""
    rows = KeySetRow.objects.filter(issuer__in=Issuer.objects.enabled()).order_by("pk")
    for row_id in rows.values_list("pk", flat=True):
        jobs.after_commit("trustpub.refresh_key_set", row_id)


@shared_task(name="trustpub.refresh_key_set")
def refresh_key_set(row_id: int) -> None:
    row = KeySetRow.objects.filter(pk=row_id).select_related("issuer").first()
    if row:
        keys.refresh(row)


@shared_task(name="trustpub.expire")
def expire() -> None:
    pending_operations.expire()
    pending_operations.invalidate_taken()
    publisher_states.expire()
    publisher_states.tell_unbacked()


@shared_task(name="trustpub.clean_up")
def clean_up() -> None:
    cleaning.clean_up()


@shared_task(name="trustpub.fold_notes")
def fold_notes() -> None:
    figures.fold_notes()


@shared_task(name="trustpub.suspend_changed")
def suspend_changed(refusal_id: int) -> None:
    refusal = ExchangeRefusal.objects.filter(pk=refusal_id).select_related("issuer").first()
    if refusal:
        publisher_states.suspend_changed(refusal)


@shared_task(name="trustpub.mail_publisher_added")
def mail_publisher_added(grant_id: int, by: str) -> None:
    grant = _grant(grant_id)
    if grant:
        emails.publisher_added(grant, by)


@shared_task(name="trustpub.mail_publisher_edited")
def mail_publisher_edited(grant_id: int, before: str, by: str) -> None:
    grant = _grant(grant_id)
    if grant:
        emails.publisher_edited(grant, before, by)


@shared_task(name="trustpub.mail_publisher_changed")
def mail_publisher_changed(grant_id: int, what: str, by: str) -> None:
    grant = _grant(grant_id)
    if grant:
        emails.publisher_changed(grant, what, by)


@shared_task(name="trustpub.mail_publisher_unbacked")
def mail_publisher_unbacked(grant_id: int) -> None:
    grant = _grant(grant_id)
    if grant:
        emails.publisher_unbacked(grant)


@shared_task(name="trustpub.mail_publisher_removed")
def mail_publisher_removed(crate_id: int, publisher: str, by: str) -> None:
    emails.publisher_removed(Crate.everything.get(pk=crate_id), publisher, by)


@shared_task(name="trustpub.mail_publisher_renamed")
def mail_publisher_renamed(publisher_id: int, before: str) -> None:
    emails.publisher_renamed(Publisher.objects.get(pk=publisher_id), before)


@shared_task(name="trustpub.mail_publisher_suspended")
def mail_publisher_suspended(publisher_id: int) -> None:
    publisher = Publisher.objects.filter(pk=publisher_id).first()
    if publisher:
        emails.publisher_suspended(publisher)


@shared_task(name="trustpub.mail_pending_registered")
def mail_pending_registered(pending_id: int) -> None:
    pending = PendingPublisher.objects.filter(pk=pending_id).first()
    if pending:
        emails.pending_registered(pending)


@shared_task(name="trustpub.mail_pending_reified")
def mail_pending_reified(crate_id: int, publisher_id: int) -> None:
    emails.pending_reified(
        Crate.everything.get(pk=crate_id), Publisher.objects.get(pk=publisher_id)
    )


@shared_task(name="trustpub.mail_pending_invalidated")
def mail_pending_invalidated(owner_id: int, crate_name: str) -> None:
    emails.pending_invalidated(User.objects.get(pk=owner_id), crate_name)


@shared_task(name="trustpub.mail_pending_expired")
def mail_pending_expired(owner_id: int, crate_name: str) -> None:
    emails.pending_expired(User.objects.get(pk=owner_id), crate_name)


@shared_task(name="trustpub.mail_pending_deleted")
def mail_pending_deleted(owner_id: int, crate_name: str, reason: str) -> None:
    emails.pending_deleted(User.objects.get(pk=owner_id), crate_name, reason)


@shared_task(name="trustpub.mail_opening_asked")
def mail_opening_asked(crate_id: int, by: str) -> None:
    emails.opening_asked(Crate.everything.get(pk=crate_id), by)


@shared_task(name="trustpub.mail_publish_token_leaked")
def mail_publish_token_leaked(token_id: int, source: str, place: str) -> None:
    token = PublishToken.objects.filter(pk=token_id).first()
    if token:
        emails.publish_token_leaked(token, source, place)


@shared_task(name="trustpub.notify")
def notify() -> None:
    notices.notify()


@shared_task(name="trustpub.mail_notice")
def mail_notice(letter: str, receivers: str, subject_id: int, context: str) -> None:
    emails.notice(letter, receivers, subject_id, json.loads(context))


def _grant(grant_id: int) -> PublisherCrate | None:
    rows = PublisherCrate.objects.select_related("crate", "publisher__issuer")
    return rows.filter(pk=grant_id).first()
