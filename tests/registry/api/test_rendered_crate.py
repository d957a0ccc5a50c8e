"""The JSON of a crate is rendered once and kept; whatever changes it must show at once."""

import gzip
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from registry.actors import Person, System
from registry.api.rendered import Rendering, Renderings
from registry.models import Crate
from registry.operations import count_downloads, topics
from registry.operations.quarantine import quarantine_version
from registry.operations.yank import amend, yank
from tests.factories.registry import make_crate, make_version

pytestmark = pytest.mark.django_db
PATH = "/api/v1/crates/tide"


@pytest.fixture
def tide(alice: User) -> Crate:
    crate = make_crate("tide", owner=alice, keywords=["sea"], categories=["games"])
    for num in ("1.0.0", "2.0.0", "3.0.0"):
        make_version(crate, num, published_by=alice, index_line="{}")
    return crate


def _kept(client: Client) -> Any:
    return client.get(PATH).json()


def _fresh(client: Client) -> Any:
    """Past what is kept: only the address alone is answered from there."""
    return client.get(f"{PATH}?include=full").json()


def _yank_the_oldest(tide: Crate, alice: User) -> None:
    yank(actor=Person(alice), version=tide.versions.get(num="1.0.0"))


def _amend_the_message(tide: Crate, alice: User) -> None:
    version = tide.versions.get(num="1.0.0")
    amend(actor=Person(alice), version=version, yanked=True, message="a hole")
    amend(actor=Person(alice), version=version, yanked=None, message="a larger hole")


def _quarantine_a_version(tide: Crate, alice: User) -> None:
    version = tide.versions.get(num="1.0.0")
    quarantine_version(actor=System("tests"), version=version, reason="malware")


def _publish(tide: Crate, alice: User) -> None:
    make_version(Crate.objects.get(pk=tide.pk), "4.0.0", published_by=alice)


def _download(tide: Crate, alice: User) -> None:
    count_downloads.note_download("tide", "1.0.0")
    count_downloads.fold_spool()


def _rename_the_publisher(tide: Crate, alice: User) -> None:
    User.objects.filter(pk=alice.pk).update(name="Alice B.")


def _share_a_keyword(tide: Crate, alice: User) -> None:
    topics.file_under(make_crate("other"), keywords=["sea"], categories=["games"])


@pytest.mark.parametrize(
    "change",
    [
        _yank_the_oldest,
        _amend_the_message,
        _quarantine_a_version,
        _publish,
        _download,
        _rename_the_publisher,
        _share_a_keyword,
    ],
)
def test_every_change_shows_at_once(
    client: Client, tide: Crate, alice: User, change: Callable[[Crate, User], None]
) -> None:
    before = _kept(client)
    assert before == _fresh(client) == _kept(client)
    tag = client.get(PATH)["ETag"]
    assert client.get(PATH, headers={"If-None-Match": tag}).status_code == 304

    change(tide, alice)
    after = client.get(PATH, headers={"If-None-Match": tag})
    assert after.status_code == 200
    assert after.json() == _fresh(client) != before


def test_who_takes_gzip_gets_it(client: Client, tide: Crate) -> None:
    packed = client.get(PATH, headers={"Accept-Encoding": "gzip, br"})
    assert packed["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.content) == client.get(PATH).content
    assert "Accept-Encoding" in packed["Vary"]


def test_a_kept_crate_costs_one_query(
    client: Client, tide: Crate, django_assert_num_queries: Any
) -> None:
    _kept(client)
    with django_assert_num_queries(1):
        _kept(client)


def test_another_spelling_goes_the_usual_way(client: Client, tide: Crate) -> None:
    assert client.get("/api/v1/crates/Tide").json() == _fresh(client)
    assert client.get("/api/v1/crates/absent").status_code == 404


def test_the_oldest_go_when_there_are_too_many_bytes() -> None:
    kept = Renderings(max_bytes=10)
    for name in ("a", "b", "c"):
        kept.put(name, Rendering(b"12345", row=(name,), around=(), people=()))
        if name == "b":
            assert kept.get("a")
    assert kept.get("b") is None
    assert kept.get("a")
    assert kept.get("c")
