"""Jobs of the accounts app."""

import logging

from allauth.account.models import EmailAddress
from celery import shared_task
from django.utils import timezone

from accounts import emails, limits
from accounts.models import ApiToken, BrowserSession, User
from accounts.operations import audit_log, expiring_tokens
from accounts.operations.addresses import new_confirmation

logger = logging.getLogger(__name__)


@shared_task(name="accounts.mail_token_created")
def mail_token_created(token_id: int) -> None:
    token = ApiToken.objects.filter(pk=token_id).select_related("user").first()
    if token:
        emails.token_created(token)


@shared_task(name="accounts.mail_token_ended")
def mail_token_ended(token_id: int, reason: str) -> None:
    token = ApiToken.objects.filter(pk=token_id).select_related("user").first()
    if token:
        emails.token_ended(token, reason)


@shared_task(name="accounts.mail_confirm_address")
def mail_confirm_address(address_id: int) -> None:
    """The token is made here, so that it never lies in the queue."""
    address = EmailAddress.objects.filter(pk=address_id).select_related("user").first()
    if address:
        emails.confirm_address(address, new_confirmation(address))


@shared_task(name="accounts.mail_address_changed")
def mail_address_changed(user_id: int, former: str) -> None:
    if user := User.objects.filter(pk=user_id).first():
        emails.address_changed(user, former)


@shared_task(name="accounts.mail_expiring_tokens")
def mail_expiring_tokens() -> None:
    """Marks each token before its letter: a crash costs one letter and never sends two."""
    for token_id in expiring_tokens.due_tokens():
        token = expiring_tokens.claim(token_id)
        if token is None:
            continue
        try:
            emails.token_expiring(token)
        except OSError:
            logger.exception("no letter about the end of token %s; trying again", token_id)
            expiring_tokens.give_back(token)


@shared_task(name="accounts.mail_notifications_off")
def mail_notifications_off(user_id: int) -> None:
    if user := User.objects.filter(pk=user_id).first():
        emails.notifications_off(user)


@shared_task(name="accounts.mail_second_factor")
def mail_second_factor(user_id: int, change: str) -> None:
    if user := User.objects.filter(pk=user_id).first():
        emails.second_factor(user, change)


@shared_task(name="accounts.mail_account_moderated")
def mail_account_moderated(user_id: int, change: str, reason: str) -> None:
    if user := User.objects.filter(pk=user_id).first():
        emails.account_moderated(user, change, reason)


@shared_task(name="accounts.mail_account_deleted")
def mail_account_deleted(address: str, login: str) -> None:
    emails.account_deleted(address, login)


@shared_task(name="accounts.delete_ended_sessions")
def delete_ended_sessions() -> None:
    BrowserSession.objects.filter(expire_date__lt=timezone.now()).delete()


@shared_task(name="accounts.delete_old_rate_windows")
def delete_old_rate_windows() -> None:
    limits.delete_old_windows()


@shared_task(name="accounts.forget_addresses")
def forget_addresses() -> None:
    audit_log.forget_addresses()
