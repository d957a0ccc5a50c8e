import pytest
from django.test import Client
from pytest_django import Settings

from registry.models import Team
from tests.conftest import person
from tests.factories.registry import make_crate, make_version

pytestmark = [pytest.mark.django_db, pytest.mark.queries]


@pytest.fixture(autouse=True)
def _crates() -> None:
    alice = person("alice")
    tide = make_crate("tide", owner=alice, keywords=["sea"], categories=["science::geo"])
    team = Team.objects.create(login="github:octo:harbour", github_id=7, organization_id=42)
    tide.ownerships.create(team=team)
    make_version(tide, provenance={})
    make_version(make_crate("other"))


@pytest.mark.parametrize(
    "address",
    [
        "/keywords/sea",
        "/keywords/SEA",
        "/categories/science",
        "/categories/science::geo",
        "/users/alice",
        "/teams/github:octo:harbour",
        "/search?keyword=sea",
        "/search?category=science",
        "/search?from=ci",
        "/search?q=keyword:sea",
        "/search?q=tide+category:science",
    ],
)
def test_it_lists_the_crates_that_belong_there(client: Client, address: str) -> None:
    page = client.get(address).content.decode()

    assert 'href="/crates/tide"' in page
    assert 'href="/crates/other"' not in page


@pytest.mark.parametrize(
    ("address", "text"),
    [
        ("/keywords", 'href="/keywords/sea"'),
        ("/keywords?sort=alpha", 'href="/keywords/sea"'),
        ("/categories", "Science"),
        ("/category_slugs", "science::geo"),
        ("/policies", "72 hours"),
        ("/search?keyword=sky", "Nothing found"),
    ],
)
def test_what_there_is_is_listed(client: Client, address: str, text: str) -> None:
    assert text in client.get(address).content.decode()


@pytest.mark.parametrize(
    "address",
    [
        "/keywords/sky",
        "/keywords/a%00",
        "/categories/none",
        "/users/nobody",
        "/users/a%00",
        "/teams/github:octo:none",
    ],
)
def test_what_there_is_not_is_not_found(client: Client, address: str) -> None:
    assert client.get(address).status_code == 404


def test_another_spelling_of_a_login_leads_to_the_stored_one(client: Client) -> None:
    assert client.get("/users/ALICE")["Location"] == "/users/alice"


def test_the_route_of_crates_io_leads_to_all_crates(client: Client) -> None:
    assert client.get("/crates?sort=new")["Location"] == "/search?sort=new"


@pytest.mark.parametrize(
    ("contact", "link"),
    [
        ("security@reg.example", 'href="mailto:security@reg.example"'),
        ("https://reg.example/s", 'href="https://reg.example/s"'),
    ],
)
def test_the_policies_say_whom_to_tell_of_an_attack(
    client: Client, settings: Settings, contact: str, link: str
) -> None:
    assert "seen an attack" not in client.get("/policies").content.decode()

    settings.SECURITY_CONTACT = contact

    assert link in client.get("/policies").content.decode()
