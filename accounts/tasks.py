"""Jobs of the accounts app."""

from allauth.account.models import EmailAddress
from celery import shared_task

from accounts import emails, limits
from accounts.models import ApiToken, User
from accounts.operations import audit_log
from accounts.operations.addresses import new_confirmation


@shared_task(name="accounts.mail_token_created")
def mail_token_created(token_id: int) -> None:
    token = ApiToken.objects.filter(pk=token_id).select_related("user").first()
    if token:
        emails.token_created(token)


@shared_task(name="accounts.mail_confirm_address")
def mail_confirm_address(address_id: int) -> None:
    """The token is made here, so that it never lies in the queue."""
    address = EmailAddress.objects.filter(pk=address_id).select_related("user").first()
    if address:
        emails.confirm_address(address, new_confirmation(address))


@shared_task(name="accounts.mail_notifications_off")
def mail_notifications_off(user_id: int) -> None:
    if user := User.objects.filter(pk=user_id).first():
        emails.notifications_off(user)


@shared_task(name="accounts.delete_old_rate_windows")
def delete_old_rate_windows() -> None:
    limits.delete_old_windows()


@shared_task(name="accounts.forget_addresses")
def forget_addresses() -> None:
    audit_log.forget_addresses()
