import pytest
from django.test import Client

from accounts.models import User
from registry.models import Crate, Ownership, Team
from tests.factories.registry import make_crate

pytestmark = pytest.mark.django_db
ADD = "/crates/tide/settings/owners/add"
REMOVE = "/crates/tide/settings/owners/remove"


@pytest.fixture
def tide(client: Client, alice: User) -> Crate:
    client.force_login(alice)
    return make_crate("tide", owner=alice)


def test_an_owner_adds_another(client: Client, tide: Crate, bob: User) -> None:
    answer = client.post(ADD, {"login": " Bob "})

    assert answer["Location"] == "/crates/tide/settings"
    assert tide.is_owned_by(bob)


def test_an_owner_removes_another(client: Client, tide: Crate, bob: User) -> None:
    Ownership.objects.create(crate=tide, user=bob)

    answer = client.post(REMOVE, {"login": "bob"})

    assert answer["Location"] == "/crates/tide/settings"
    assert not tide.is_owned_by(bob)


def test_whoever_removes_themselves_is_sent_to_the_crate(
    client: Client, tide: Crate, bob: User
) -> None:
    Ownership.objects.create(crate=tide, user=bob)

    answer = client.post(REMOVE, {"login": "alice"})

    assert answer["Location"] == "/crates/tide"


def test_the_last_owner_stays(client: Client, tide: Crate, alice: User) -> None:
    answer = client.post(REMOVE, {"login": "alice"})

    assert answer.status_code == 400
    assert "cannot remove all individual owners" in answer.content.decode()
    assert tide.is_owned_by(alice)


@pytest.mark.parametrize("login", ["nobody", "", "github:rust-lang:core", "a\0b", "alice"])
def test_a_login_that_cannot_be_added_is_kept_in_the_form(
    client: Client, tide: Crate, login: str
) -> None:
    answer = client.post(ADD, {"login": login})

    assert answer.status_code == 400
    assert "field__error" in answer.content.decode()
    assert tide.ownerships.count() == 1


def test_an_owner_removes_a_team(client: Client, tide: Crate) -> None:
    team = Team.objects.create(login="github:org:core", github_id=7, organization_id=42)
    Ownership.objects.create(crate=tide, team=team)
    page = client.post(REMOVE, {"login": "nobody"}).content.decode()
    assert "Yes, remove github:org:core" in page

    answer = client.post(REMOVE, {"login": "github:org:core"})

    assert answer["Location"] == "/crates/tide/settings"
    assert not Ownership.objects.filter(team=team).exists()
