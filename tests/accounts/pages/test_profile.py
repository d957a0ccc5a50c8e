import pytest
from allauth.account.models import EmailAddress
from django.test import Client
from pytest_django import Settings

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


AVATAR = "https://avatars.example/u/7?v=4"


def test_nobody_elses_server_hears_who_looks(client: Client) -> None:
    client.force_login(make_user("alice", avatar_url=AVATAR))

    answer = client.get("/settings/profile")

    assert "avatars.example" not in answer.content.decode()
    assert "img-src 'self' data:;" in answer["Content-Security-Policy"]


def test_pictures_come_from_sites_that_the_operator_allowed(
    client: Client, settings: Settings
) -> None:
    settings.AVATAR_SITES = ("https://avatars.example",)
    client.force_login(make_user("alice", avatar_url=AVATAR))

    answer = client.get("/settings/profile")

    assert f'src="{AVATAR}"' in answer.content.decode()
    assert 'referrerpolicy="no-referrer"' in answer.content.decode()
    assert "img-src 'self' data: https://avatars.example;" in answer["Content-Security-Policy"]


@pytest.mark.parametrize(
    "elsewhere",
    [
        "https://avatars.example.evil/u/7",
        "https://avatars.example@evil/u/7",
        "http://avatars.example/u/7",
        "//avatars.example/u/7",
        "javascript:alert(1)",
        "",
    ],
)
def test_a_picture_from_elsewhere_is_not_shown(settings: Settings, elsewhere: str) -> None:
    settings.AVATAR_SITES = ("https://avatars.example",)

    assert make_user("alice", avatar_url=elsewhere).picture == ""
