"""The full text of each letter about an account."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from smtplib import SMTPServerDisconnected
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend
from django.utils import timezone
from pytest_django import Settings

from accounts import emails, tasks
from accounts.models import ApiToken, User
from accounts.operations.addresses import change_address, set_publish_notifications
from accounts.operations.lock import lock, unlock
from accounts.operations.tokens import create_token, revoke_token
from registry.actors import System

END = datetime(2931, 5, 6, 7, 8, tzinfo=UTC)


class BrokenBackend(BaseEmailBackend):
    """A mail server that hangs up."""

    def send_messages(self, email_messages: Any) -> int:
        raise SMTPServerDisconnected("gone")


@pytest.fixture(autouse=True)
def _empty(db: None, mailoutbox: list[EmailMessage]) -> None:
    mailoutbox.clear()


def only(mailoutbox: list[EmailMessage], to: str = "alice@example.com") -> EmailMessage:
    [letter] = mailoutbox
    assert letter.to == [to]
    assert letter.extra_headers["Auto-Submitted"] == "auto-generated"
    return letter


def test_address_confirmation(alice: User, mailoutbox: list[EmailMessage]) -> None:
    emails.confirm_address(EmailAddress.objects.get(user=alice), "t0ken")

    letter = only(mailoutbox)
    assert letter.subject == "Confirm your e-mail address"
    assert letter.body == (
        "Hello alice,\n\n"
        "this address was given for the account alice at http://127.0.0.1:8000.\n"
        "If that was you, confirm it:\n\n"
        "    http://127.0.0.1:8000/confirm/t0ken\n\n"
        "If it was not, do nothing: an address that is not confirmed is not used.\n\n"
    )


def test_a_lock_and_its_end(
    alice: User, mailoutbox: list[EmailMessage], django_capture_on_commit_callbacks: Any
) -> None:
    shell = System("tests")
    with django_capture_on_commit_callbacks(execute=True):
        lock(actor=shell, user=alice, reason="<b>spam</b>", until=END)

    letter = only(mailoutbox)
    assert letter.subject == "Your account alice is locked until 2931-05-06 07:08 UTC"
    assert letter.body == (
        "Hello alice,\n\n"
        "the moderators of http://127.0.0.1:8000 acted on your account: it is locked until "
        "2931-05-06 07:08 UTC.\n\n"
        "They say why: <b>spam</b>\n\n"
        "Nobody can sign in to it, its API tokens are refused, and publishers that you alone vouch "
        "for\npublish nothing.\n\n"
        "If you have questions, ask whoever runs the registry.\n\n"
    )
    mailoutbox.clear()
    with django_capture_on_commit_callbacks(execute=True):
        unlock(actor=shell, user=alice)
    assert "your tokens work as before" in only(mailoutbox).body


def test_address_changed(
    alice: User, mailoutbox: list[EmailMessage], django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        change_address(user=alice, email="other@example.com")
    with django_capture_on_commit_callbacks(execute=True):
        # An address that was never confirmed hears nothing more.
        change_address(user=alice, email="third@example.com")

    assert [letter.to[0].split("@")[0] for letter in mailoutbox] == ["other", "alice", "third"]
    letter = mailoutbox[1]
    assert letter.subject == "The address of your account alice was changed"
    assert letter.body == (
        "Hello alice,\n\n"
        "letters about your account alice no longer go to this address: another one was given.\n\n"
        "If that was not you, somebody else is using your account. Sign in, give your address "
        "again and\nrevoke your tokens; where you cannot sign in any more, tell the administrator "
        "of\n\n"
        "    http://127.0.0.1:8000\n\n"
    )


def test_token_created(
    alice: User, mailoutbox: list[EmailMessage], django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        created = create_token(user=alice, name="laptop", expires_at=END)

    letter = only(mailoutbox)
    assert letter.subject == "A new API token: laptop"
    assert letter.body == (
        "Hello alice,\n\n"
        'an API token named "laptop" was just made for your account.\n'
        "It expires on 6 May 2931.\n\n"
        "If that was not you, revoke it at once:\n\n"
        "    http://127.0.0.1:8000/settings/tokens\n\n"
    )
    assert created.text not in letter.body


def test_notifications_off(
    alice: User, mailoutbox: list[EmailMessage], django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        set_publish_notifications(user=alice, wanted=False)

    letter = only(mailoutbox)
    assert letter.subject == "You will not hear of new versions any more"
    assert letter.body == (
        "Hello alice,\n\n"
        "letters about new versions of your crates are switched off, as you asked.\n"
        "If that was not you, look at your account:\n\n"
        "    http://127.0.0.1:8000/settings/notifications\n\n"
    )


def test_token_about_to_expire(alice: User, mailoutbox: list[EmailMessage]) -> None:
    token = create_token(user=alice, name="laptop", expires_at=END).token

    emails.token_expiring(token)

    letter = only(mailoutbox)
    assert letter.subject == "Your API token laptop is about to expire"
    assert letter.body == (
        "Hello alice,\n\n"
        'your API token "laptop" expires on 6 May 2931, 07:08 UTC.\n'
        "Whatever uses it stops working then. If it is still needed, make a new one:\n\n"
        f"    http://127.0.0.1:8000/settings/tokens/new?from={token.pk}\n\n"
        "If it is not, there is nothing to do.\n\n"
    )


def test_the_end_of_a_token_is_told_once_three_days_ahead(
    alice: User, bob: User, mailoutbox: list[EmailMessage]
) -> None:
    now = timezone.now()

    def token(user: User, name: str, days: float) -> ApiToken:
        return create_token(user=user, name=name, expires_at=now + timedelta(days=days)).token

    token(alice, "second", 2.9)
    token(alice, "first", 1)
    token(alice, "later", 3.1)
    create_token(user=alice, name="never")
    revoke_token(user=alice, token_id=token(alice, "revoked", 1).pk)
    over = token(alice, "over", 1)
    ApiToken.objects.filter(pk=over.pk).update(expires_at=now)
    unreachable = token(bob, "unreachable", 1)
    EmailAddress.objects.filter(user=bob).update(verified=False)

    for _ in range(2):
        tasks.mail_expiring_tokens()

    # The most urgent first.
    assert [letter.subject.split()[3] for letter in mailoutbox] == ["first", "second"]
    unreachable.refresh_from_db()
    assert unreachable.expiry_told_at is not None


def test_a_letter_that_could_not_go_out_is_tried_again(
    alice: User, mailoutbox: list[EmailMessage], settings: Settings
) -> None:
    create_token(user=alice, name="laptop", expires_at=timezone.now() + timedelta(days=1))
    working = settings.EMAIL_BACKEND
    settings.EMAIL_BACKEND = "tests.accounts.test_letters.BrokenBackend"
    tasks.mail_expiring_tokens()
    settings.EMAIL_BACKEND = working

    tasks.mail_expiring_tokens()

    assert only(mailoutbox).subject == "Your API token laptop is about to expire"


def test_letters_about_what_others_may_have_done_name_whom_to_tell(
    alice: User, settings: Settings, mailoutbox: list[EmailMessage]
) -> None:
    emails.second_factor(alice, "removed")
    settings.SECURITY_CONTACT = "https://reg.example/security"
    emails.second_factor(alice, "removed")
    emails.notifications_off(alice)

    without, named, other = (letter.body for letter in mailoutbox)
    assert named == f"{without}\nThis registry's security contact: https://reg.example/security\n"
    assert "contact" not in other


def test_every_letter_that_names_the_contact_exists() -> None:
    folder = Path(settings.BASE_DIR) / "templates" / "emails"

    assert {path.name for path in folder.iterdir()} >= emails.NAMING_SECURITY_CONTACT
