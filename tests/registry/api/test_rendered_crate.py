"""The JSON of a crate is rendered once and kept; whatever changes it must show at once."""

import gzip
from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from accounts.models import User
from registry.actors import Person, System
from registry.api.rendered import Rendering, Renderings
from registry.models import Crate, Ownership, Team
from registry.operations import count_downloads, topics
from registry.operations.quarantine import quarantine_version
from registry.operations.yank import amend, yank
from tests.factories.registry import make_crate, make_version

pytestmark = pytest.mark.django_db
PATH = "/api/v1/crates/tide"
KEPT = (
    PATH,
    f"{PATH}/versions",
    f"{PATH}/versions?per_page=2&sort=date&include=release_tracks",
    f"{PATH}/1.0.0",
    f"{PATH}/1.0.0/dependencies",
)


@pytest.fixture
def tide(alice: User) -> Crate:
    crate = make_crate("tide", owner=alice, keywords=["sea"], categories=["games"])
    for num in ("1.0.0", "2.0.0", "3.0.0"):
        make_version(crate, num, published_by=alice, index_line="{}")
    return crate


def _kept(client: Client) -> Any:
    return [_said(client.get(path)) for path in KEPT]


def _fresh() -> Any:
    """Past what is kept: somebody with a session is answered from there in no case."""
    cookie = {"Cookie": f"{settings.SESSION_COOKIE_NAME}=nobody"}
    return [_said(Client().get(path, headers=cookie)) for path in KEPT]


def _said(answer: Any) -> Any:
    return answer.json() if answer.status_code == 200 else answer.status_code


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
    assert before == _fresh() == _kept(client)
    known = {path: {"If-None-Match": client.get(path)["ETag"]} for path in KEPT}
    for path, headers in known.items():
        assert client.get(path, headers=headers).status_code == 304

    change(tide, alice)
    for path in KEPT[:3]:
        assert client.get(path, headers=known[path]).status_code == 200
    assert _kept(client) == _fresh() != before


def test_who_takes_gzip_gets_it(client: Client, tide: Crate) -> None:
    packed = client.get(PATH, headers={"Accept-Encoding": "gzip, br"})
    assert packed["Content-Encoding"] == "gzip"
    refused = client.get(PATH, headers={"Accept-Encoding": "gzip;q=0"})
    assert "Content-Encoding" not in refused
    assert gzip.decompress(packed.content) == client.get(PATH).content == refused.content
    assert "Accept-Encoding" in packed["Vary"]


def test_what_is_kept_costs_one_query(
    client: Client, tide: Crate, django_assert_num_queries: Any
) -> None:
    _kept(client)
    for path in KEPT:
        with django_assert_num_queries(1):
            client.get(path)


def test_a_wrong_parameter_is_refused_as_ever(client: Client, tide: Crate) -> None:
    for path in ("versions?per_page=0", "versions?include=x", "9.9.9", "latest/dependencies"):
        assert client.get(f"{PATH}/{path}").json()["errors"]


def test_owners_cost_one_query_and_show_what_changes(
    client: Client, tide: Crate, alice: User, django_assert_num_queries: Any
) -> None:
    path = f"{PATH}/owners"
    with django_assert_num_queries(1):
        first = client.get(path)
    assert [user["login"] for user in first.json()["users"]] == ["alice"]
    tag = {"If-None-Match": first["ETag"]}
    assert client.get(path, headers=tag).status_code == 304

    User.objects.filter(pk=alice.pk).update(name="Alice B.")
    assert client.get(path, headers=tag).json()["users"][0]["name"] == "Alice B."
    assert client.get(path.replace("tide", "TIDE")).status_code == 200

    tide.ownerships.all().delete()
    assert client.get(path).json() == {"users": []}
    assert client.get("/api/v1/crates/absent/owners").status_code == 404


def test_owners_are_told_alike_to_everybody(client: Client, tide: Crate, bob: User) -> None:
    team = Team.objects.create(
        login="github:sea:deep", github_id=7, organization_id=8, name="Deep", avatar_url="https://a"
    )
    Ownership.objects.create(crate=tide, team=team)
    Ownership.objects.create(crate=tide, user=bob)
    User.objects.filter(pk=bob.pk).update(github_id=9, avatar_url="https://b")
    path = f"{PATH}/owners"

    quick = client.get(path).json()

    cookie = {"Cookie": f"{settings.SESSION_COOKIE_NAME}=nobody"}
    assert quick == Client().get(path, headers=cookie).json()
    assert [owner["kind"] for owner in quick["users"]] == ["user", "user", "team"]


def test_another_spelling_goes_the_usual_way(client: Client, tide: Crate) -> None:
    assert client.get("/api/v1/crates/Tide").json() == _fresh()[0]
    assert client.get("/api/v1/crates/absent").status_code == 404


def test_the_oldest_go_when_there_are_too_many_bytes() -> None:
    for address, row, packed in ((1, 0, 5), (5, 0, 1), (1, 5, 0)):
        kept = Renderings(max_bytes=12)
        first, second, third = (letter * address for letter in "abc")
        for name in (first, second, third):
            kept.put(name, Rendering(b"5" * packed, row="r" * row, around=(), people=()))
            if name == second:
                assert kept.get(first)
        assert kept.get(second) is None
        assert kept.get(first)
        assert kept.get(third)
