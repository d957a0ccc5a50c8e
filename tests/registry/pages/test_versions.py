import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from registry.models import PublishKind
from tests.factories.registry import make_crate, make_version

pytestmark = pytest.mark.django_db


def test_it_says_of_each_version_how_it_was_published(client: Client, alice: User) -> None:
    crate = make_crate("hello")
    make_version(crate, "0.1.0", kind=PublishKind.IMPORTED, yanked=True)
    make_version(crate, "0.2.0", published_by=alice)
    make_version(crate, "1.0.0", provenance={})

    page = client.get("/crates/hello/versions").content.decode()

    for expected in ("Imported", "Yanked", "API token", "/users/alice", "Trusted publishing"):
        assert expected in page
    assert page.index("1.0.0</a>") < page.index("0.2.0</a>") < page.index("0.1.0</a>")


def test_another_spelling_leads_to_the_stored_one(client: Client) -> None:
    make_crate("hello-world")

    response = client.get("/crates/hello_world/versions")

    assert response["Location"] == "/crates/hello-world/versions"


def test_it_costs_the_same_however_many_versions_there_are(
    client: Client, alice: User, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    crate = make_crate("hello")
    for number in range(60):
        make_version(crate, f"0.{number}.0", provenance={}, published_by=alice)

    with django_assert_max_num_queries(9):
        client.get("/crates/hello/versions")
