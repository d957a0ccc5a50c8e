"""The audit log of an organisation: whose it is, and what of it (g.2)."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from accounts.models import AuditEvent, User
from accounts.operations.tokens import create_token
from demo.github_server import FakeGitHub
from demo.issuer import LocalIssuer
from registry.actors import Person, System
from registry.models import Crate, Ownership, Team
from registry.operations.delete import delete_crate
from registry.queries.events import BATCH
from tests.ci import form
from tests.factories.registry import make_crate
from tests.registry.conftest import github  # noqa: F401
from tests.wire import refusal, send
from trustpub.operations.issuers import Organization, trust_issuer
from trustpub.operations.pending import register
from trustpub.operations.switches import set_issuer_state, switch_off

CORE = "github:rustaceans:core"
PATH = "/api/v1/organizations/42/events"


@pytest.fixture(autouse=True)
def core(tide: Crate, github: FakeGitHub) -> Team:  # noqa: F811
    github.add_member("rustaceans", "alice", "admin")
    team = Team.objects.create(login=CORE, github_id=7, organization_id=42, name="Core Team")
    Ownership.objects.create(crate=tide, team=team)
    return team


def note(name: str, crate: str = "tide", **columns: Any) -> AuditEvent:
    actor = {"actor_kind": "system", "actor_label": "tests"}
    return AuditEvent.objects.create(name=name, crate=crate, **actor, **columns)


def lines_of(answer: Any) -> list[dict[str, Any]]:
    assert answer.status_code == 200, answer.content
    return [json.loads(line) for line in b"".join(answer.streaming_content).splitlines()]


def told(answer: Any) -> list[tuple[str, str]]:
    return [(line["event"], line["crate"] or line["subject"]) for line in lines_of(answer)]


def test_it_holds_every_crate_of_its_teams_and_nothing_of_others(
    alice_token: str, bob: User, tide: Crate, core: Team
) -> None:
    deep = make_crate("Deep-Sea", owner=bob)
    infra = Team.objects.create(login="github:rustaceans:infra", github_id=8, organization_id=42)
    Ownership.objects.create(crate=deep, team=infra)
    stranger = Team.objects.create(login="github:acme:core", github_id=9, organization_id=43)
    Ownership.objects.create(crate=make_crate("theirs", owner=bob), team=stranger)
    note("version.published", address="192.0.2.7")
    note("version.yanked", "Deep-Sea")
    note("version.yanked", "theirs")
    note("pending.created", "tide", after={"team": "github:acme:core"})
    note("version.published", "tide", at=datetime(2001, 1, 1, tzinfo=UTC))

    answer = send("GET", PATH, alice_token)

    assert answer["Content-Type"] == "application/x-ndjson"
    assert answer["Cache-Control"] == "no-store"
    found = lines_of(answer)
    assert "192.0.2.7" not in str(found)
    assert [(line["event"], line["crate"]) for line in found][-2:] == [
        ("version.published", "tide"),
        ("version.yanked", "Deep-Sea"),
    ]
    assert {line["crate"] for line in found} <= {"tide", "Deep-Sea"}
    assert sum(line["event"] == "version.published" for line in found) == 1


def test_it_holds_the_organizations_own_forge_switch_and_names_to_come(
    alice_token: str, alice: User, core: Team, ci: LocalIssuer, settings: Settings
) -> None:
    own = trust_issuer(
        actor=System("tests"),
        provider="github",
        url=ci.url,
        web_url="https://forge.example",
        api_url="",
        organization=Organization(42, "rustaceans"),
    )
    trust_issuer(actor=System("tests"), provider="gitlab", url="https://git.acme.example")
    register(actor=Person(alice), owner=alice, names=["fresh"], issuer=own, form=form(), team=CORE)
    set_issuer_state(actor=System("x"), issuer=own, state="read_only", reason="not for them")
    switch_off(actor=System("x"), name="pending_publishers:42", reason="not for them")
    switch_off(actor=System("x"), name="pending_publishers", reason="of everybody")

    found = told(answer := send("GET", PATH, alice_token))

    assert found[-4:] == [
        ("issuer.created", ci.url),
        ("pending.created", "fresh"),
        ("issuer.edited", ci.url),
        ("switch.off", "pending_publishers:42"),
    ]
    assert answer.status_code == 200
    assert "not for them" not in str(lines_of(send("GET", PATH, alice_token)))


def test_that_a_crate_was_deleted_is_still_in_it(
    alice_token: str, alice: User, tide: Crate, core: Team
) -> None:
    note("owner.added", subject=CORE)
    delete_crate(actor=Person(alice), crate=tide, message="")

    found = told(send("GET", PATH, alice_token))

    assert found == [("owner.added", "tide"), ("crate.deleted", "tide")]


def test_what_becomes_of_a_crate_that_its_team_left_is_not_in_it(
    alice_token: str, alice: User, tide: Crate, core: Team
) -> None:
    note("owner.added", subject=CORE)
    note("owner.removed", subject=CORE)
    Ownership.objects.filter(team=core).delete()
    delete_crate(actor=Person(alice), crate=tide, message="")

    assert told(send("GET", PATH, alice_token)) == [
        ("owner.added", "tide"),
        ("owner.removed", "tide"),
    ]


def test_a_later_crate_of_the_name_is_its_owners_business(
    alice_token: str, alice: User, bob: User, tide: Crate, core: Team
) -> None:
    note("owner.added", subject=CORE)
    # Another team of it still owns the crate.
    note("owner.added", subject=(other := "github:rustaceans:infra"))
    Team.objects.create(login=other, github_id=8, organization_id=42)
    note("owner.removed", subject=CORE)
    delete_crate(actor=Person(alice), crate=tide, message="")
    delete_crate(actor=Person(bob), crate=make_crate("tide", owner=bob), message="")

    found = told(send("GET", PATH, alice_token))

    assert found[-2:] == [("owner.removed", "tide"), ("crate.deleted", "tide")]
    assert found.count(("crate.deleted", "tide")) == 1


def test_it_is_for_owners_of_the_organization_alone(
    alice: User, alice_token: str, bob_token: str, client: Client
) -> None:
    assert refusal(send("GET", PATH, bob_token), 403)["code"] == "not_allowed"
    refusal(send("GET", PATH), 403)
    refusal(send("GET", "/api/v1/organizations/43/events", alice_token), 404)
    refusal(send("GET", f"/api/v1/organizations/{10**30}/events", alice_token), 404)
    limited = create_token(user=alice, name="x", scopes=["trusted-publishing"]).text
    refusal(send("GET", PATH, limited), 403)
    for since in ("soon", "0001-01-01T00:00:00%2B14:00", "9999-12-31T23:59:59-14:00"):
        refusal(send("GET", f"{PATH}?since={since}", alice_token), 400)

    client.force_login(alice)
    note("version.published")
    assert lines_of(client.get(PATH))
    assert PATH in client.get(f"/teams/{CORE}").content.decode()
    client.logout()
    assert PATH not in client.get(f"/teams/{CORE}").content.decode()


def test_it_comes_in_batches_and_from_a_time_on(alice_token: str, tide: Crate) -> None:
    days = [tide.created_at + timedelta(days=day) for day in range(BATCH + 1)]
    actor = {"actor_kind": "system", "actor_label": "tests"}
    AuditEvent.objects.bulk_create(
        AuditEvent(name=f"event.{number}", crate="tide", at=at, **actor)
        for number, at in enumerate(days)
    )

    every = [line["event"] for line in lines_of(send("GET", PATH, alice_token))]
    since = days[-2].isoformat().replace("+00:00", "Z")
    late = send("GET", f"{PATH}?since={since}", alice_token)

    assert every[-BATCH - 1 :] == [f"event.{number}" for number in range(BATCH + 1)]
    assert [line["event"] for line in lines_of(late)] == [f"event.{BATCH - 1}", f"event.{BATCH}"]


@pytest.mark.postgres
def test_each_event_finds_its_crate_by_an_index(alice_token: str) -> None:
    """Two hundred thousand crates for each of two million events would take days."""
    for number in range(300):
        make_crate(f"other-{number}")
    note("version.published")
    with CaptureQueriesContext(connection) as captured:
        lines_of(send("GET", PATH, alice_token))
    [asked, *_] = [
        q["sql"] for q in captured.captured_queries if '"accounts_auditevent"."id" >' in q["sql"]
    ]

    with connection.cursor() as cursor:
        # Of a table as small as it believes this one to be, any index would do.
        cursor.execute("ANALYZE registry_crate")
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(f"EXPLAIN {asked}")
        plan = "\n".join(line for (line,) in cursor.fetchall())

    assert "Index Cond: ((canonical_name)::text = replace(lower(" in plan
