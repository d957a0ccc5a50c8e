"""The full text of each letter about a crate, and who gets it."""

from datetime import UTC, datetime
from smtplib import SMTPRecipientsRefused
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.core.mail import EmailMessage
from django.core.mail.backends.locmem import EmailBackend
from django.test import Client
from pytest_django import DjangoAssertNumQueries, Settings

from accounts.models import User
from registry import emails, tasks
from registry.models import Crate, DeletedCrate, Invitation, Ownership
from tests.factories.registry import (
    make_crate,
    make_invitation,
    make_owner,
    make_user,
    make_version,
)
from tests.wire import publish, send

SITE = "http://127.0.0.1:8000"
AT = datetime(2031, 5, 6, 7, 8, tzinfo=UTC)


class RefusingBackend(EmailBackend):
    """A mail server that no longer knows alice."""

    def send_messages(self, messages: Any) -> int:
        for message in messages:
            if "alice@example.com" in message.to:
                raise SMTPRecipientsRefused({"alice@example.com": (550, b"unknown")})
        return super().send_messages(messages)


@pytest.fixture
def tide(alice: User) -> Crate:
    return make_crate("tide", owner=alice)


@pytest.fixture(autouse=True)
def _empty(db: None, mailoutbox: list[EmailMessage]) -> None:
    mailoutbox.clear()


def receivers(mailoutbox: list[EmailMessage]) -> list[str]:
    return sorted(letter.to[0].removesuffix("@example.com") for letter in mailoutbox)


def test_owner_invitation(
    tide: Crate, alice: User, bob: User, mailoutbox: list[EmailMessage]
) -> None:
    invitation = make_invitation(tide, bob, alice, expires_at=AT)

    emails.owner_invited(invitation, "t0ken")

    [letter] = mailoutbox
    assert letter.to == ["bob@example.com"]
    assert letter.subject == "alice invites you to own tide"
    assert letter.body == (
        "Hello bob,\n\n"
        "alice invites you to be an owner of the crate tide.\n"
        "Owners may publish and yank versions and change owners and publishers.\n\n"
        "Accept or decline until 6 May 2031, 07:08 UTC:\n\n"
        f"    {SITE}/accept-invite/t0ken\n\n"
        "Keep this link to yourself: whoever has it can accept in your name.\n"
        "Every invitation that waits for you is listed here:\n\n"
        f"    {SITE}/me/pending-invites\n\n"
        "If you do not know alice or the crate, do nothing; the invitation lapses.\n\n"
    )


def test_a_job_that_runs_twice_replaces_the_token(
    tide: Crate, alice: User, bob: User, mailoutbox: list[EmailMessage]
) -> None:
    invitation = make_invitation(tide, bob, alice)

    tasks.mail_invitation(invitation.pk)
    first = Invitation.objects.get().digest
    tasks.mail_invitation(invitation.pk)

    assert first != Invitation.objects.get().digest
    assert len(mailoutbox) == 2
    invitation.delete()
    tasks.mail_invitation(invitation.pk)
    assert len(mailoutbox) == 2


def test_invitation_accepted(
    tide: Crate, bob: User, charlie: User, mailoutbox: list[EmailMessage]
) -> None:
    for user in (bob, charlie):
        make_owner(tide, user)
    EmailAddress.objects.filter(user=charlie).update(verified=False)

    tasks.mail_invitation_accepted(tide.pk, bob.pk, "alice")

    assert receivers(mailoutbox) == ["alice", "bob"]
    assert mailoutbox[0].subject == "bob is now an owner of tide"
    assert mailoutbox[0].body == (
        "Hello,\n\n"
        "bob accepted the invitation of alice and is an owner of the crate tide.\n\n"
        "Owners may publish and yank versions and change owners and publishers.\n"
        "If this was not intended, remove the owner:\n\n"
        f"    {SITE}/crates/tide/settings/owners\n\n"
    )


def test_owner_added_at_once(tide: Crate, bob: User, mailoutbox: list[EmailMessage]) -> None:
    make_owner(tide, bob)

    tasks.mail_owner_added(tide.pk, bob.pk, "alice (token laptop)")

    assert receivers(mailoutbox) == ["alice", "bob"]
    assert mailoutbox[0].subject == "bob is now an owner of tide"
    assert mailoutbox[0].body == (
        "Hello,\n\n"
        "alice (token laptop) made bob an owner of the crate tide.\n\n"
        "Owners may publish and yank versions and change owners and publishers.\n"
        "If this was not intended, remove the owner:\n\n"
        f"    {SITE}/crates/tide/settings/owners\n\n"
    )


def test_owner_removed(
    tide: Crate,
    bob: User,
    alice_token: str,
    mailoutbox: list[EmailMessage],
    django_capture_on_commit_callbacks: Any,
) -> None:
    make_owner(tide, bob)

    with django_capture_on_commit_callbacks(execute=True):
        send("DELETE", "/api/v1/crates/tide/owners", alice_token, {"users": ["bob"]})

    assert receivers(mailoutbox) == ["alice", "bob"]
    assert mailoutbox[0].subject == "bob is no longer an owner of tide"
    assert mailoutbox[0].body == (
        "Hello,\n\n"
        "alice (token laptop) removed bob from the owners of the crate tide.\n\n"
        "If this was not intended, an owner can add them again:\n\n"
        f"    {SITE}/crates/tide/settings/owners\n\n"
    )


def test_letters_about_what_is_gone_are_not_written(
    tide: Crate, bob: User, mailoutbox: list[EmailMessage]
) -> None:
    Crate.objects.all().delete()

    tasks.mail_owner_added(tide.pk, bob.pk, "alice")
    tasks.mail_owner_removed(tide.pk, bob.pk, "alice")
    tasks.mail_invitation_accepted(tide.pk, bob.pk, "alice")
    tasks.mail_team_added(tide.pk, "github:org:core", "alice")
    tasks.mail_team_removed(tide.pk, "github:org:core", "alice")
    tasks.mail_version_published(999, "alice")

    assert mailoutbox == []


def test_crate_deleted(
    tide: Crate,
    alice: User,
    bob: User,
    client: Client,
    mailoutbox: list[EmailMessage],
    django_capture_on_commit_callbacks: Any,
) -> None:
    make_owner(tide, bob)
    client.force_login(alice)

    with django_capture_on_commit_callbacks(execute=True):
        send("DELETE", "/api/v1/crates/tide?message=typo", client=client)

    assert receivers(mailoutbox) == ["alice", "bob"]
    mine, theirs = sorted(mailoutbox, key=lambda letter: letter.to)
    free = f"{DeletedCrate.objects.get().available_at:%-d %B %Y, %H:%M} UTC"
    assert mine.subject == theirs.subject == "tide was deleted"
    assert mine.body == (
        "Hello alice,\n\n"
        "your crate tide and all its versions were deleted, as you asked.\n"
        "You gave this reason: typo\n\n"
        f"Its name can be used again from {free} on.\n"
        "If that was not you, revoke your tokens and tell the administrator:\n\n"
        f"    {SITE}/settings/tokens\n\n"
    )
    assert theirs.body == (
        "Hello bob,\n\n"
        "your crate tide and all its versions were deleted by alice.\n"
        "The reason given: typo\n\n"
        f"Its name can be used again from {free} on.\n"
        "If that was not intended, talk to them or tell the administrator:\n\n"
        f"    {SITE}/\n\n"
    )


def test_version_published_by_a_person(
    tide: Crate, alice: User, mailoutbox: list[EmailMessage]
) -> None:
    version = make_version(tide, "1.2.0", created_at=AT)

    tasks.mail_version_published(version.pk, "alice (token laptop)")

    [letter] = mailoutbox
    link = letter.extra_headers["List-Unsubscribe"].strip("<>")
    assert letter.extra_headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert letter.subject == "tide@1.2.0 was published"
    assert letter.body == (
        "Hello alice,\n\n"
        "version 1.2.0 of your crate tide was published on 6 May 2031, 07:08 UTC.\n"
        "It was published by alice (token laptop).\n\n"
        "Where it came from, in full:\n\n"
        f"    {SITE}/crates/tide/1.2.0\n\n"
        "If that was not intended, yank the version and look at the crate's owners, publishers and "
        "tokens:\n\n"
        f"    {SITE}/crates/tide/settings\n\n"
        "You get this letter because you own tide. To get no more of them:\n\n"
        f"    {link}\n\n"
    )


def test_version_published_from_ci(tide: Crate, mailoutbox: list[EmailMessage]) -> None:
    version = make_version(tide, "1.2.0", provenance={}, created_at=AT)

    tasks.mail_version_published(version.pk, "github: release.yml of octo/hello")

    [letter] = mailoutbox
    assert (
        "It came from CI, by trusted publishing: github: release.yml of octo/hello.\nThe run:\n\n"
        "    https://github.com/octo/hello/actions/runs/1658821493/attempts/2\n\n"
        "Where it came from, in full:\n"
    ) in letter.body


def test_owners_hear_of_a_publish_unless_they_do_not_want_to(
    alice: User,
    alice_token: str,
    bob: User,
    charlie: User,
    mailoutbox: list[EmailMessage],
    django_capture_on_commit_callbacks: Any,
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        assert publish(alice_token, "tide").status_code == 200
    assert receivers(mailoutbox) == ["alice"]
    mailoutbox.clear()
    tide = Crate.objects.get()
    for user in (bob, charlie):
        make_owner(tide, user)
    User.objects.filter(pk=bob.pk).update(publish_notifications=False)
    Ownership.objects.filter(user=charlie).update(email_notifications=False)

    with django_capture_on_commit_callbacks(execute=True):
        publish(alice_token, "tide", "0.2.0")
    assert receivers(mailoutbox) == ["alice"]

    # What is refused is no news.
    mailoutbox.clear()
    with django_capture_on_commit_callbacks(execute=True):
        publish(alice_token, "tide", "0.2.0")
    assert mailoutbox == []


@pytest.mark.parametrize("count", [1, 5])
def test_many_owners_are_found_at_once(
    tide: Crate, count: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    version = make_version(tide)
    for number in range(count):
        user = make_user(f"owner-{number}")
        EmailAddress.objects.create(
            user=user, email=f"{user.login}@example.com", verified=True, primary=True
        )
        make_owner(tide, user)

    # The version with its crate and provenance, and the addresses with their people.
    with django_assert_num_queries(2):
        tasks.mail_version_published(version.pk, "alice")


def test_a_dead_address_keeps_no_other_letter_back(
    tide: Crate, bob: User, settings: Settings, mailoutbox: list[EmailMessage]
) -> None:
    make_owner(tide, bob)
    version = make_version(tide)
    settings.EMAIL_BACKEND = "tests.registry.test_letters.RefusingBackend"

    with pytest.raises(SMTPRecipientsRefused):
        tasks.mail_owner_added(tide.pk, bob.pk, "alice")
    with pytest.raises(SMTPRecipientsRefused):
        tasks.mail_version_published(version.pk, "alice")

    assert receivers(mailoutbox) == ["bob", "bob"]
