import pytest
from allauth.account.models import EmailAddress
from django.test import Client

from tests.factories.registry import make_user

pytestmark = pytest.mark.django_db


def test_it_shows_verified_addresses_alone(client: Client) -> None:
    alice = make_user("alice", name="Alice A.", github_id=7)
    EmailAddress.objects.create(user=alice, email="a@example.org", verified=True, primary=True)
    EmailAddress.objects.create(user=alice, email="b@example.org", verified=False)
    client.force_login(alice)

    page = client.get("/settings/profile").content.decode()

    assert "Alice A." in page
    assert "a@example.org" in page
    assert "b@example.org" not in page


def test_it_says_what_is_missing_without_an_address(client: Client) -> None:
    client.force_login(make_user())

    page = client.get("/settings/profile").content.decode()

    assert "neither publish crates nor set up trusted publishing" in page


def test_the_address_that_cargo_prints_leads_to_the_tokens(client: Client) -> None:
    assert client.get("/me")["Location"] == "/settings/tokens"
