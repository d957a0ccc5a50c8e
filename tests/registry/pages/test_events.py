"""The audit log of a crate, as its owners see it (trusted-publishing reference, g.2)."""

import json
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts import audit
from accounts.models import AuditEvent, User
from registry.actors import Person
from registry.models import Crate
from registry.pages.events import PER_PAGE
from tests.factories.registry import make_crate

pytestmark = pytest.mark.django_db
PAGE = "/crates/tide/settings/events"


@pytest.fixture
def tide(client: Client, alice: User) -> Crate:
    client.force_login(alice)
    return make_crate("tide", owner=alice, created_at=timezone.now())


def note(name: str, crate: str = "tide", **columns: object) -> AuditEvent:
    actor = {"actor_kind": "system", "actor_label": "tests"}
    return AuditEvent.objects.create(name=name, crate=crate, subject="a <b>", **actor, **columns)


def test_an_owner_sees_what_was_changed(client: Client, tide: Crate, alice: User) -> None:
    audit.record(
        "publisher.edited",
        actor=Person(alice),
        crate="tide",
        subject='release.yml of "x" <script>',
        before={"environment": None, "workflow": "a.yml", "kept": 1},
        after={"environment": "release", "workflow": "b.yml", "kept": 1},
    )

    text = client.get(PAGE).content.decode()

    assert "publisher.edited" in text
    assert "by alice" in text
    assert "<del>a.yml</del>" in text
    assert "b.yml" in text
    assert "kept" not in text
    assert "<script>" not in text


def test_the_newest_come_first_and_pages_follow(client: Client, tide: Crate) -> None:
    for number in range(PER_PAGE + 1):
        note(f"event.{number}")

    first = client.get(PAGE).content.decode()
    second = client.get(f"{PAGE}?page=2").content.decode()

    assert f"event.{PER_PAGE}<" in first
    assert "event.0<" not in first
    assert "event.0<" in second


def test_all_of_it_comes_as_lines(client: Client, tide: Crate) -> None:
    note("crate.created")
    note("version.published", after={"size": 3})

    answer = client.get(f"{PAGE}.jsonl")

    lines = [json.loads(line) for line in b"".join(answer.streaming_content).splitlines()]
    assert [line["event"] for line in lines] == ["crate.created", "version.published"]
    assert lines[1]["actor"] == {"kind": "system", "id": "", "label": "tests"}
    assert lines[1]["after"] == {"size": 3}
    assert "attachment" in answer["Content-Disposition"]


@pytest.mark.parametrize("page", [PAGE, f"{PAGE}.jsonl"])
def test_network_addresses_are_not_for_owners(client: Client, tide: Crate, page: str) -> None:
    note("crate.created", address="192.0.2.7")

    answer = client.get(page)

    body = b"".join(answer.streaming_content) if answer.streaming else answer.content
    assert b"192.0.2.7" not in body


def test_what_is_others_business_is_left_out(client: Client, tide: Crate) -> None:
    note("version.yanked", crate="other")
    note("pending.created")
    note("pending.invalidated")
    note("pending.reified")
    note("crate.deleted", at=tide.created_at - timedelta(days=3))

    text = client.get(PAGE).content.decode()

    assert "pending.reified" in text
    for name in ("version.yanked", "pending.created", "pending.invalidated", "crate.deleted"):
        assert name not in text


@pytest.mark.parametrize("page", [PAGE, f"{PAGE}.jsonl"])
def test_nobody_else_sees_it(client: Client, tide: Crate, bob: User, page: str) -> None:
    client.force_login(bob)
    assert client.get(page).status_code == 403

    client.logout()
    assert client.get(page).status_code == 302


@pytest.mark.parametrize("count", [0, 30])
def test_it_asks_the_same_however_many_there_are(
    client: Client, tide: Crate, count: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(count):
        note(f"event.{number}")

    with django_assert_num_queries(6):
        client.get(PAGE)
