import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from registry.models import Crate, Ownership, Team
from tests.factories.registry import make_crate, make_invitation, make_owner, make_user

pytestmark = pytest.mark.django_db
PAGE = "/crates/tide/settings/owners"
ADD = f"{PAGE}/add"
REMOVE = f"{PAGE}/remove"


@pytest.fixture
def tide(client: Client, alice: User) -> Crate:
    client.force_login(alice)
    return make_crate("tide", owner=alice)


def test_an_owner_invites_another(client: Client, tide: Crate, bob: User) -> None:
    answer = client.post(ADD, {"login": " Bob "}, follow=True)

    assert answer.redirect_chain == [(PAGE, 302)]
    page = answer.content.decode()
    assert "User bob has been invited to be an owner of crate tide." in page
    assert "by alice" in page
    assert not tide.is_owned_by(bob)


def test_an_owner_withdraws_an_invitation(client: Client, tide: Crate, bob: User) -> None:
    client.post(ADD, {"login": "bob"})

    page = client.post(f"{PAGE}/withdraw", {"login": "bob"}, follow=True).content.decode()

    assert "The invitation of bob is withdrawn." in page
    assert "Nobody is invited." in page
    again = client.post(f"{PAGE}/withdraw", {"login": "bob"})
    assert again.status_code == 400
    assert "no pending invitation" in again.content.decode()


def test_the_page_offers_nobody_to_remove_where_one_person_is_left(
    client: Client, tide: Crate, bob: User
) -> None:
    team = Team.objects.create(login="github:org:core", github_id=7, organization_id=42)
    Ownership.objects.create(crate=tide, team=team)

    page = client.get(PAGE).content.decode()
    assert "the last person cannot be removed" in page
    assert 'name="login" value="alice"' not in page
    assert 'name="login" value="github:org:core"' in page

    make_owner(tide, bob)
    assert 'name="login" value="alice"' in client.get(PAGE).content.decode()


@pytest.mark.parametrize("count", [1, 5])
def test_the_page_takes_a_constant_number_of_queries(
    client: Client,
    tide: Crate,
    alice: User,
    count: int,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    for number in range(count):
        make_owner(tide, make_user(f"owner-{number}"))
        make_invitation(tide, make_user(f"guest-{number}"), alice)

    # Session, user, crate, whether it is theirs, owners, invitations.
    with django_assert_num_queries(6):
        client.get(PAGE)


def test_an_owner_removes_another(client: Client, tide: Crate, bob: User) -> None:
    Ownership.objects.create(crate=tide, user=bob)

    answer = client.post(REMOVE, {"login": "bob"})

    assert answer["Location"] == PAGE
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
    assert 'name="login" value="github:org:core"' in page

    answer = client.post(REMOVE, {"login": "github:org:core"})

    assert answer["Location"] == PAGE
    assert not Ownership.objects.filter(team=team).exists()
