from datetime import datetime
from typing import Any
from urllib.robotparser import RobotFileParser
from xml.etree import ElementTree

import pytest
from django.conf import LazySettings
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from registry.pages.discovery import Crates
from tests.factories.registry import make_crate
from tests.wire import send

pytestmark = pytest.mark.django_db
SITEMAP = "{http://www.sitemaps.org/schemas/sitemap/0.9}"
SEARCH = "{http://a9.com/-/spec/opensearch/1.1/}"
ALL = (
    "/sitemap.xml",
    "/sitemap-pages.xml",
    "/sitemap-crates.xml",
    "/robots.txt",
    "/opensearch.xml",
)


def xml(client: Client, address: str) -> Any:
    answer = client.get(address)
    assert answer.status_code == 200
    return ElementTree.fromstring(answer.content)


def places(client: Client, address: str) -> list[str]:
    return [place.text or "" for place in xml(client, address).iter(f"{SITEMAP}loc")]


def path(address: str, settings: LazySettings) -> str:
    assert address.startswith(f"{settings.PUBLIC_URL}/")
    return address.removeprefix(settings.PUBLIC_URL)


def test_the_sitemap_leads_to_every_crate_once(
    client: Client, settings: LazySettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Crates, "limit", 2)
    for number in range(5):
        make_crate(f"crate-{number}")

    sections = [path(place, settings) for place in places(client, "/sitemap.xml")]

    assert sections == [
        "/sitemap-pages.xml",
        "/sitemap-crates.xml",
        "/sitemap-crates.xml?p=2",
        "/sitemap-crates.xml?p=3",
    ]
    listed = [path(place, settings) for page in sections for place in places(client, page)]
    assert listed == ["/", "/search", *(f"/crates/crate-{number}" for number in range(5))]
    assert all(client.get(place).status_code == 200 for place in listed)


def test_a_page_keeps_its_crates_when_others_come(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Crates, "limit", 2)
    for number in range(3):
        make_crate(f"crate-{number}")
    before = places(client, "/sitemap-crates.xml")

    make_crate("aaa")

    assert places(client, "/sitemap-crates.xml") == before


def test_it_says_when_a_crate_changed(client: Client) -> None:
    make_crate("tide", updated_at=datetime(2026, 3, 1, tzinfo=timezone.get_default_timezone()))

    days = [day.text for day in xml(client, "/sitemap-crates.xml").iter(f"{SITEMAP}lastmod")]

    assert days == ["2026-03-01"]


@pytest.mark.parametrize("count", [1, 30])
def test_the_cost_does_not_grow_with_the_crates(
    client: Client, django_assert_max_num_queries: DjangoAssertNumQueries, count: int
) -> None:
    for number in range(count):
        make_crate(f"crate-{number}")

    with django_assert_max_num_queries(2):
        client.get("/sitemap.xml")
    with django_assert_max_num_queries(2):
        client.get("/sitemap-crates.xml")


@pytest.mark.parametrize("page", ["0", "-1", "99", "9" * 5000, "x", "%00", "1e3"])
def test_there_is_no_such_page(client: Client, page: str) -> None:
    assert client.get(f"/sitemap-crates.xml?p={page}").status_code == 404


def test_there_is_no_such_section(client: Client) -> None:
    assert client.get("/sitemap-users.xml").status_code == 404


def test_robots_read_pages_and_leave_the_api_alone(client: Client, settings: LazySettings) -> None:
    answer = client.get("/robots.txt")
    robots = RobotFileParser()
    robots.parse(answer.content.decode().splitlines())

    assert answer["Content-Type"] == "text/plain; charset=utf-8"
    assert robots.site_maps() == [f"{settings.PUBLIC_URL}/sitemap.xml"]
    assert robots.can_fetch("*", "/crates/tide")
    assert not robots.can_fetch("*", "/api/v1/crates/tide/1.0.0/download")


def test_browsers_can_search(client: Client, settings: LazySettings) -> None:
    found = xml(client, "/opensearch.xml")

    addresses = {url.get("type"): url.get("template") for url in found.iter(f"{SEARCH}Url")}
    assert addresses["text/html"] == f"{settings.PUBLIC_URL}/search?q={{searchTerms}}"
    assert len(found.findtext(f"{SEARCH}ShortName")) <= 16
    assert 'rel="search"' in client.get("/").content.decode()


@pytest.mark.parametrize("address", ALL)
def test_what_is_known_is_not_sent_again(client: Client, address: str) -> None:
    make_crate("tide")
    tag = client.get(address)["ETag"]

    assert client.get(address, headers={"If-None-Match": tag}).status_code == 304


@pytest.mark.parametrize("address", ALL)
def test_the_host_of_the_request_is_not_repeated(client: Client, address: str) -> None:
    make_crate("tide")

    answer = client.get(address, headers={"Host": "evil.example"})

    assert b"evil.example" not in answer.content


@pytest.mark.parametrize("address", ALL)
def test_a_private_registry_shows_them_to_whoever_may_read(
    settings: LazySettings, alice_token: str, address: str
) -> None:
    settings.AUTH_REQUIRED = True

    assert send("GET", address).status_code == 401
    assert send("GET", address, alice_token).status_code == 200


def test_other_methods_are_refused(client: Client) -> None:
    for address in ALL:
        assert client.post(address).status_code == 405
