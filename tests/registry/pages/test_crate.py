import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from registry.models import Crate
from tests.factories.registry import make_crate, make_dependency, make_version

pytestmark = pytest.mark.django_db


@pytest.fixture
def crate(alice: User) -> Crate:
    return make_crate("hello-world", owner=alice, description="Says hello", keywords=["greeting"])


def test_it_tells_how_to_use_the_crate(client: Client, crate: Crate) -> None:
    make_version(crate, "1.2.3+build", license="MIT", rust_version="1.74", readme="# Hi *there*")

    page = client.get("/crates/hello-world").content.decode()

    assert "cargo add hello-world --registry waybill" in page
    assert 'hello-world = { version = "1.2.3", registry = "waybill" }' in page
    assert "<em>there</em>" in page
    for fact in ("Says hello", "MIT", "1.74", "alice", "?keyword=greeting"):
        assert fact in page


def test_another_spelling_leads_to_the_stored_one(client: Client, crate: Crate) -> None:
    response = client.get("/crates/Hello_World")

    assert (response.status_code, response["Location"]) == (302, "/crates/hello-world")


@pytest.mark.parametrize("path", ["/crates/nothing", "/crates/a%00b", "/crates/%F0%9F%A6%80"])
def test_an_unknown_crate_is_not_found(client: Client, path: str) -> None:
    response = client.get(path)

    assert response.status_code == 404
    assert "does not exist" in response.content.decode()


def test_a_crate_without_versions_has_a_page(client: Client, crate: Crate) -> None:
    assert "no versions" in client.get("/crates/hello-world").content.decode()


def test_it_links_only_to_the_web(client: Client, crate: Crate) -> None:
    make_version(
        crate,
        repository="https://example.org/repo",
        homepage="javascript:alert(1)",
        documentation="https://docs.rust-ci.org/x",
    )

    page = client.get("/crates/hello-world").content.decode()

    assert 'href="https://example.org/repo"' in page
    assert "javascript:" not in page
    assert "rust-ci" not in page


def test_a_readme_brings_no_script_and_asks_no_other_host(client: Client, crate: Crate) -> None:
    make_version(
        crate, readme="<script>alert(1)</script>\n\n![x](https://img.example/x.png)", readme_file=""
    )

    page = client.get("/crates/hello-world").content.decode()

    assert "alert(1)" not in page
    assert 'src="https://img.example' not in page


def test_only_an_owner_sees_the_way_to_the_settings(
    client: Client, crate: Crate, alice: User, bob: User
) -> None:
    make_version(crate)
    seen = {}

    for user in (alice, bob):
        client.force_login(user)
        seen[user.login] = "/crates/hello-world/settings" in (
            client.get("/crates/hello-world").content.decode()
        )

    assert seen == {"alice": True, "bob": False}


def test_it_costs_the_same_however_many_versions_there_are(
    client: Client,
    crate: Crate,
    alice: User,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    for number in range(15):
        version = make_version(crate, f"0.{number}.0", provenance={})
        make_dependency(version, f"needed-{number}")
    client.force_login(alice)

    with django_assert_max_num_queries(12):
        client.get("/crates/hello-world")
