from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts import token_text
from accounts.models import User
from registry.models import Crate, Invitation
from tests.factories.registry import make_crate, make_invitation, make_user

pytestmark = pytest.mark.django_db
LIST = "/me/pending-invites"
LETTER = "/accept-invite/l3tter"


@pytest.fixture
def tide(alice: User) -> Crate:
    return make_crate("tide", owner=alice)


@pytest.fixture
def invitation(tide: Crate, alice: User, bob: User) -> Invitation:
    return make_invitation(tide, bob, alice, digest=token_text.digest("l3tter"))


# --- The list ---


def test_a_person_accepts(client: Client, invitation: Invitation, tide: Crate, bob: User) -> None:
    client.force_login(bob)
    assert "from alice" in client.get(LIST).content.decode()

    answer = client.post(f"{LIST}/{tide.pk}", {"answer": "accept"}, follow=True)

    assert answer.redirect_chain == [("/crates/tide/settings", 302)]
    assert "You are now an owner of tide." in answer.content.decode()
    assert tide.is_owned_by(bob)


def test_a_person_declines(client: Client, invitation: Invitation, tide: Crate, bob: User) -> None:
    client.force_login(bob)

    page = client.post(f"{LIST}/{tide.pk}", {"answer": "decline"}, follow=True).content.decode()

    assert "You declined to be an owner of tide." in page
    assert "No invitation waits for you" in page
    assert not tide.is_owned_by(bob)


def test_what_cannot_be_accepted_says_why(
    client: Client, invitation: Invitation, tide: Crate, bob: User
) -> None:
    client.force_login(bob)
    EmailAddress.objects.all().delete()
    assert 'href="/settings/email">Add or confirm one' in client.get(LIST).content.decode()

    answer = client.post(f"{LIST}/{tide.pk}", {"answer": "accept"})

    assert answer.status_code == 403
    assert "You need to verify your email address" in answer.content.decode()
    assert client.post(f"{LIST}/{10**30}", {"answer": "accept"}).status_code == 404


def test_nobody_sees_the_invitations_of_others(
    client: Client, invitation: Invitation, tide: Crate, charlie: User
) -> None:
    client.force_login(charlie)

    assert "tide" not in client.get(LIST).content.decode()
    assert client.post(f"{LIST}/{tide.pk}", {"answer": "accept"}).status_code == 404


@pytest.mark.parametrize("count", [1, 60])
def test_the_list_has_pages_and_takes_a_constant_number_of_queries(
    client: Client, bob: User, count: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    client.force_login(bob)
    inviter = make_user("inviter")
    for _ in range(count):
        make_invitation(make_crate(), bob, inviter)

    # Session, user, address, number, invitations.
    with django_assert_num_queries(5):
        page = client.get(LIST).content.decode()

    assert ("Page 1 of 2" in page) == (count > 50)


# --- The letter ---


def test_looking_at_the_link_changes_nothing(
    client: Client, invitation: Invitation, tide: Crate
) -> None:
    for method in (client.get, client.head):
        assert method(LETTER).status_code == 200

    page = client.get(LETTER)
    assert "Who accepts" in page.content.decode()
    assert "no-store" in page["Cache-Control"]
    assert tide.invitations.exists()


def test_the_link_accepts_without_a_sign_in(
    client: Client, invitation: Invitation, tide: Crate, bob: User
) -> None:
    answer = client.post(LETTER, {"answer": "accept"})

    assert "bob is now an owner of tide" in answer.content.decode()
    assert tide.is_owned_by(bob)
    assert "_auth_user_id" not in client.session
    again = client.post(LETTER, {"answer": "accept"})
    assert again.status_code == 404
    assert "This link leads to no invitation" in again.content.decode()


def test_the_link_declines_too(
    client: Client, invitation: Invitation, tide: Crate, bob: User
) -> None:
    answer = client.post(LETTER, {"answer": "decline"})

    assert "bob declined" in answer.content.decode()
    assert not tide.is_owned_by(bob)
    assert not tide.invitations.exists()


def test_the_link_says_who_accepts_when_somebody_else_is_signed_in(
    client: Client, invitation: Invitation, tide: Crate, bob: User, charlie: User
) -> None:
    client.force_login(charlie)
    assert "You are signed in as charlie." in client.get(LETTER).content.decode()

    client.post(LETTER, {"answer": "accept"})

    assert tide.is_owned_by(bob)
    assert not tide.is_owned_by(charlie)


def test_an_expired_link_offers_nothing(client: Client, invitation: Invitation) -> None:
    Invitation.objects.update(expires_at=timezone.now() - timedelta(days=1))

    answer = client.get(LETTER)

    assert answer.status_code == 410
    assert "This invitation expired." in answer.content.decode()
    assert "Decline" not in answer.content.decode()
    refused = client.post(LETTER, {"answer": "accept"})
    assert refused.status_code == 410
    assert "expired. Please reach out" in refused.content.decode()


def test_the_link_needs_our_own_form(invitation: Invitation, tide: Crate) -> None:
    client = Client(enforce_csrf_checks=True)

    assert client.post(LETTER, {"answer": "accept"}).status_code == 403
    assert tide.invitations.exists()
