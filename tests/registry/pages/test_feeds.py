from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from xml.etree import ElementTree

import pytest
from django.conf import LazySettings
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from registry.models import Crate
from registry.queries import feeds
from tests.factories.registry import make_crate, make_version
from tests.wire import send

pytestmark = pytest.mark.django_db
FEEDS = ("/feeds/crates.xml", "/feeds/updates.xml", "/feeds/crates/tide.xml")
ATOM = "{http://www.w3.org/2005/Atom}"
NOON = datetime(2026, 3, 1, 12, tzinfo=timezone.get_default_timezone())


@pytest.fixture
def tide() -> Crate:
    crate = make_crate("tide", description="Small <seas> & more", created_at=NOON)
    for hour, num in enumerate(("1.0.0", "1.1.0+b")):
        made = NOON + timedelta(hours=hour)
        make_version(crate, num, created_at=made, description=f"As of {num}")
    return crate


def channel(address: str, client: Client | None = None) -> Any:
    answer = (client or Client()).get(address)
    assert answer.status_code == 200
    assert answer["Content-Type"] == "application/rss+xml; charset=utf-8"
    root = ElementTree.fromstring(answer.content)
    assert (root.tag, root.get("version")) == ("rss", "2.0")
    return root.find("channel")


def facts(item: Any, settings: LazySettings) -> dict[str, str]:
    space = f"{{{settings.PUBLIC_URL}/feeds/}}"
    return {child.tag.replace(space, "crates:"): child.text for child in item}


def titles(address: str) -> list[str]:
    return [item.findtext("title") for item in channel(address).iter("item")]


def test_a_new_crate_is_an_item(tide: Crate, settings: LazySettings) -> None:
    found = channel("/feeds/crates.xml")

    [item] = found.iter("item")
    address = f"{settings.PUBLIC_URL}/crates/tide"
    assert facts(item, settings) == {
        "title": "New crate: tide",
        "link": address,
        "description": "Small <seas> & more",
        "pubDate": "Sun, 01 Mar 2026 12:00:00 +0000",
        "guid": address,
        "crates:name": "tide",
        "crates:version": "1.0.0",
    }
    assert found.find(f"{ATOM}link").attrib == {
        "rel": "self",
        "href": f"{settings.PUBLIC_URL}/feeds/crates.xml",
    }


@pytest.mark.parametrize("address", ["/feeds/updates.xml", "/feeds/crates/tide.xml"])
def test_every_version_is_an_item_newest_first(
    tide: Crate, settings: LazySettings, address: str
) -> None:
    found = channel(address)

    newest, oldest = found.iter("item")
    page = f"{settings.PUBLIC_URL}/crates/tide/1.1.0+b"
    assert facts(newest, settings) == {
        "title": "New version: tide 1.1.0+b",
        "link": page,
        "description": "As of 1.1.0+b",
        "pubDate": "Sun, 01 Mar 2026 13:00:00 +0000",
        "guid": page,
        "crates:name": "tide",
        "crates:version": "1.1.0+b",
    }
    assert oldest.findtext("title") == "New version: tide 1.0.0"
    assert found.find(f"{ATOM}link").get("href") == f"{settings.PUBLIC_URL}{address}"


def test_the_link_of_an_item_leads_to_its_page(tide: Crate, client: Client) -> None:
    for address in FEEDS:
        for item in channel(address).iter("item"):
            path = item.findtext("link").split("/", 3)[3]
            assert client.get(f"/{path}").status_code == 200


def test_a_crate_has_only_its_own_versions(tide: Crate) -> None:
    make_version(make_crate("other"))

    assert len(titles("/feeds/crates/tide.xml")) == 2
    assert len(titles("/feeds/updates.xml")) == 3


@pytest.mark.parametrize(
    ("address", "at_least", "within"),
    [
        ("/feeds/crates.xml", 50, timedelta(minutes=60)),
        ("/feeds/updates.xml", 100, timedelta(minutes=60)),
        ("/feeds/crates/tide.xml", 10, timedelta(hours=24)),
    ],
)
def test_a_feed_holds_so_many_items_or_all_of_the_last_while(
    address: str, at_least: int, within: timedelta
) -> None:
    def publish(number: int, at: datetime) -> None:
        crate = make_crate(f"crate-{number}", created_at=at) if one_each else tide
        make_version(crate, f"1.{number}.0", created_at=at)

    one_each = address != FEEDS[2]
    now = timezone.now()
    tide = make_crate("tide", created_at=NOON) if not one_each else Crate()
    for number in range(at_least + 2):
        publish(number, now - within - timedelta(minutes=5))
    assert len(titles(address)) == at_least

    for number in range(200, 200 + at_least + 5):
        publish(number, now - within + timedelta(minutes=5))
    assert len(titles(address)) == at_least + 5


def test_a_feed_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feeds, "LONGEST", 60)
    for number in range(65):
        make_crate(f"crate-{number}")

    assert len(titles("/feeds/crates.xml")) == 60


@pytest.mark.parametrize("count", [1, 30])
@pytest.mark.parametrize("address", FEEDS)
def test_the_cost_does_not_grow_with_the_items(
    django_assert_max_num_queries: DjangoAssertNumQueries, address: str, count: int
) -> None:
    tide = make_crate("tide")
    for number in range(count):
        make_version(make_crate(f"crate-{number}"))
        make_version(tide, f"{number}.0.0")

    with django_assert_max_num_queries(3):
        channel(address)


@pytest.mark.parametrize("address", FEEDS)
def test_what_is_known_is_not_sent_again(tide: Crate, client: Client, address: str) -> None:
    first = client.get(address)

    assert first["Cache-Control"] == "public, max-age=60"
    same = client.get(address, headers={"If-None-Match": first["ETag"]})
    assert (same.status_code, same.content) == (304, b"")
    since = {"If-Modified-Since": first["Last-Modified"]}
    assert client.get(address, headers=since).status_code == 304
    assert parsedate_to_datetime(first["Last-Modified"]).year == 2026

    make_version(make_crate("newer"))
    make_version(tide, "2.0.0")
    assert client.get(address, headers={"If-None-Match": first["ETag"]}).status_code == 200
    assert client.get(address, headers=since).status_code == 200


@pytest.mark.parametrize("address", FEEDS)
def test_an_empty_feed_is_one_too(client: Client, address: str) -> None:
    make_crate("tide")
    if address == FEEDS[0]:
        Crate.objects.all().delete()

    first = client.get(address)

    assert list(channel(address).iter("item")) == []
    again = client.get(address, headers={"If-None-Match": first["ETag"]})
    assert again.status_code == 304


def test_text_that_xml_cannot_hold_is_left_out(settings: LazySettings) -> None:
    crate = make_crate("tide", description="a\x08b\x1bc\ufffed\uffffe\u202ef\r]]>\U0001f980")
    make_version(crate, description=crate.description)

    for address in FEEDS:
        [item] = channel(address).iter("item")
        assert item.findtext("description") == "abcdef]]>\U0001f980"


def test_another_spelling_is_sent_to_the_right_one(client: Client) -> None:
    make_crate("Tide-Pool")

    answer = client.get("/feeds/crates/tide_pool.xml")

    assert (answer.status_code, answer["Location"]) == (302, "/feeds/crates/Tide-Pool.xml")


@pytest.mark.parametrize("name", ["nothing", "%00", "..", "a b", "x" * 500])
def test_an_unknown_crate_has_no_feed(client: Client, name: str) -> None:
    assert client.get(f"/feeds/crates/{name}.xml").status_code == 404


def test_other_methods_are_refused(client: Client) -> None:
    for address in FEEDS:
        assert client.post(address).status_code == 405
        assert client.head("/feeds/crates.xml").content == b""


def test_the_paths_of_crates_io_work_too(tide: Crate, client: Client) -> None:
    for address in FEEDS:
        assert client.get(address.replace("feeds", "rss")).content == client.get(address).content


def test_pages_name_their_feeds(tide: Crate, client: Client) -> None:
    link = '<link rel="alternate"'

    home = client.get("/").content.decode()
    page = client.get("/crates/tide").content.decode()

    assert home.count(link) == 2
    assert 'href="/feeds/crates.xml"' in home
    assert 'href="/feeds/updates.xml"' in home
    assert page.count(link) == 1
    assert 'href="/feeds/crates/tide.xml"' in page


def test_the_host_of_the_request_is_not_repeated(tide: Crate, client: Client) -> None:
    for address in FEEDS:
        answer = client.get(address, headers={"Host": "evil.example"})

        assert b"evil.example" not in answer.content


def test_a_private_registry_shows_feeds_to_whoever_may_read(
    tide: Crate, settings: LazySettings, alice_token: str
) -> None:
    settings.AUTH_REQUIRED = True

    for address in FEEDS:
        refused = send("GET", address)
        assert refused.status_code == 401
        assert "Cargo login_url" in refused["WWW-Authenticate"]
        shown = send("GET", address, alice_token)
        assert (shown.status_code, shown["Cache-Control"]) == (200, "private, no-cache")
