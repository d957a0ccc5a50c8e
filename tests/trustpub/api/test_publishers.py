"""Managing publishers of every provider through the API (reference, e.6)."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from accounts.models import AuditEvent, User
from accounts.operations.tokens import create_token
from registry.models import Crate
from tests.cases import in_turn
from tests.factories.id_tokens import contract_of
from tests.factories.registry import make_crate
from tests.factories.trustpub import make_issuer
from tests.wire import refusal, send
from trustpub.models import Issuer, PendingPublisher, Publisher, PublisherCrate
from trustpub.providers import PROVIDERS

BASE = "/api/v1/trusted_publishing"
PUBLISHERS = f"{BASE}/publishers"
EACH = pytest.mark.parametrize("kind", PROVIDERS)
BUILDKITE = {"organization_slug": "ferris-labs", "pipeline_slug": "tidepool"}


@pytest.fixture
def rows(db: None) -> dict[str, Issuer]:
    Issuer.objects.all().delete()
    return {kind: make_issuer(kind, options=contract_of(kind)["options"]) for kind in PROVIDERS}


@pytest.fixture
def tide(alice: User) -> Crate:
    return make_crate("tide", owner=alice)


def create(token: str | None, crate: str = "tide", **publisher: object) -> Any:
    return send("POST", PUBLISHERS, token, {"publisher": {"crate": crate, **publisher}})


def declare(token: str, publishers: list[object], *, dry_run: bool = False) -> Any:
    query = "?dry_run=true" if dry_run else ""
    body = {"crates": ["tide"], "publishers": publishers}
    return send("PUT", f"{PUBLISHERS}{query}", token, body)


@EACH
def test_a_publisher_of_every_provider_is_made_read_and_deleted(
    tide: Crate, alice_token: str, rows: dict[str, Issuer], kind: str
) -> None:
    answer = create(alice_token, provider=kind, fields=contract_of(kind)["fields"])

    assert answer.status_code == 200, answer.content
    made = answer.json()["publisher"]
    assert (made["crate"], made["provider"], made["issuer"]) == ("tide", kind, rows[kind].url)
    assert all(set(condition) == {"field", "kind", "value"} for condition in made["conditions"])
    assert made["repository_id"]
    assert not made["open_to_branches"] or kind == "jenkins"
    one = f"{PUBLISHERS}/{made['id']}"
    assert send("GET", one, alice_token).json() == {"publisher": made}
    assert send("GET", f"{PUBLISHERS}?crate=tide", alice_token).json()["publishers"] == [made]
    assert send("DELETE", one, alice_token).status_code == 204
    assert not Publisher.objects.exists()
    refusal(send("DELETE", one, alice_token), 404)


def test_a_publisher_is_changed_in_place_stopped_and_resumed(
    tide: Crate, alice_token: str, bob_token: str, rows: dict[str, Issuer]
) -> None:
    made = create(alice_token, provider="buildkite", fields=contract_of("buildkite")["fields"])
    one = f"{PUBLISHERS}/{made.json()['publisher']['id']}"

    body = {"publisher": {"fields": {"step_key": "release"}, "note": "since March"}}
    answer = send("PATCH", one, alice_token, body)
    assert answer.status_code == 200, answer.content
    edited = answer.json()["publisher"]

    before = made.json()["publisher"]
    assert edited["fields"] == {**before["fields"], "step_key": "release"}
    assert (edited["id"], edited["note"]) == (before["id"], "since March")
    [event] = AuditEvent.objects.filter(name="publisher.edited")
    assert (event.before["step_key"], event.after["step_key"]) == ("publish", "release")
    refusal(send("POST", f"{one}/suspend", bob_token), 400)
    assert send("POST", f"{one}/suspend", alice_token).json()["publisher"]["state"] == "suspended"
    refusal(send("POST", f"{one}/suspend", alice_token), 409)
    assert send("POST", f"{one}/resume", alice_token).json()["publisher"]["state"] == "active"
    refusal(send("POST", f"{one}/explode", alice_token), 404)
    wrong = send("PATCH", one, alice_token, {"publisher": {"fields": {"refs": "all"}}})
    assert "Must be tags" in refusal(wrong, 400)["detail"]


@EACH
def test_a_pending_publisher_of_every_provider_is_registered(
    alice_token: str, rows: dict[str, Issuer], kind: str
) -> None:
    fields = contract_of(kind)["fields"]

    wanted = {"issuer": rows[kind].url, "fields": fields, "pending": True}

    answer = create(alice_token, **wanted, crates=["new-crate", "new-macros"])

    assert [made["state"] for made in answer.json()["publishers"]] == ["pending", "pending"]
    names = PendingPublisher.objects.values_list("crate_name", flat=True)
    assert sorted(names) == ["new-crate", "new-macros"]


@EACH
def test_the_fields_of_every_provider_are_described(
    alice_token: str, rows: dict[str, Issuer], kind: str
) -> None:
    listed = send("GET", f"{BASE}/providers", alice_token).json()["providers"]

    [found] = [entry for entry in listed if entry["provider"] == kind]
    assert [field["name"] for field in found["fields"]] == [
        rule.name for rule in rows[kind].adapter.fields
    ]


@in_turn(
    ("publisher", "status", "said"),
    [
        ({"fields": BUILDKITE}, 400, "name an `issuer` or a `provider`"),
        ({"provider": "teamcity", "fields": BUILDKITE}, 400, "not an issuer"),
        ({"issuer": "https://evil.example", "fields": BUILDKITE}, 400, "not an issuer"),
        ({"issuer": 7, "fields": BUILDKITE}, 400, "not an issuer"),
        ({"provider": "buildkite"}, 422, "`fields` must be an object"),
        ({"provider": "buildkite", "fields": []}, 422, "`fields` must be an object"),
        ({"provider": "buildkite", "fields": {"pipeline_slug": 7}}, 422, "must be a text or null"),
        ({"provider": "buildkite", "fields": {}}, 400, "Organization is required"),
        ({"provider": "buildkite", "fields": {**BUILDKITE, "x": "y"}}, 400, "no field named x"),
        ({"provider": "buildkite", "fields": {**BUILDKITE, "refs": "all"}}, 400, "Must be tags"),
        (
            {"provider": "buildkite", "fields": {**BUILDKITE, "pipeline_id": "1 OR 1"}},
            400,
            "UUID in lower case",
        ),
    ],
)
def test_what_is_wrong_is_named(
    tide: Crate,
    alice_token: str,
    rows: dict[str, Issuer],
    publisher: dict[str, object],
    status: int,
    said: str,
) -> None:
    assert said in refusal(create(alice_token, **publisher), status)["detail"]
    assert not Publisher.objects.exists()


def test_two_installations_of_a_kind_must_be_told_apart(
    tide: Crate, alice_token: str, rows: dict[str, Issuer]
) -> None:
    other = make_issuer("buildkite")

    error = refusal(create(alice_token, provider="buildkite", fields=BUILDKITE), 400)

    assert other.url in error["detail"]
    assert create(alice_token, issuer=other.url, fields=BUILDKITE).status_code == 200


def test_others_see_and_change_nothing(
    tide: Crate, alice_token: str, charlie_token: str, rows: dict[str, Issuer]
) -> None:
    made = create(alice_token, provider="buildkite", fields=BUILDKITE).json()["publisher"]

    one = f"{PUBLISHERS}/{made['id']}"
    for answer in (
        create(charlie_token, provider="buildkite", fields=BUILDKITE),
        send("GET", one, charlie_token),
        send("DELETE", one, charlie_token),
        send("GET", f"{PUBLISHERS}?crate=tide", charlie_token),
        declare(charlie_token, []),
        declare(charlie_token, [], dry_run=True),
    ):
        assert "not an owner" in refusal(answer, 400)["detail"]
    refusal(send("GET", f"{PUBLISHERS}?crate=tide", None), 403)
    assert send("GET", PUBLISHERS, charlie_token).json()["publishers"] == []
    assert PublisherCrate.objects.count() == 1


def test_a_token_reaches_the_crates_of_its_patterns_alone(
    tide: Crate, alice: User, alice_token: str, rows: dict[str, Issuer]
) -> None:
    make_crate("moon", owner=alice)
    for crate in ("tide", "moon"):
        create(alice_token, crate, provider="buildkite", fields=BUILDKITE)
    limited = create_token(
        user=alice, name="ci", scopes=["trusted-publishing"], patterns=["tide"]
    ).text
    publishing = create_token(user=alice, name="p", scopes=["publish-update"]).text

    listed = send("GET", PUBLISHERS, limited).json()

    assert [entry["crate"] for entry in listed["publishers"]] == ["tide"]
    assert listed["meta"] == {"total": 1, "next_page": None}
    refusal(create(limited, "moon", provider="circleci", fields={}), 403)
    refusal(send("GET", PUBLISHERS, publishing), 403)
    refusal(declare(publishing, []), 403)


def test_a_declared_list_says_first_what_it_would_change(
    tide: Crate, alice_token: str, rows: dict[str, Issuer]
) -> None:
    old = create(alice_token, provider="buildkite", fields=BUILDKITE).json()["publisher"]
    google = {"crate": "tide", "provider": "google", "fields": contract_of("google")["fields"]}
    before = AuditEvent.objects.count()

    answer = declare(alice_token, [google], dry_run=True)

    assert answer.status_code == 200
    difference = answer.json()
    assert difference["dry_run"]
    assert [entry["issuer"] for entry in difference["added"]] == [rows["google"].url]
    assert [entry["id"] for entry in difference["removed"]] == [old["id"]]
    assert AuditEvent.objects.count() == before
    assert PublisherCrate.objects.get().pk == old["id"]


def test_a_declared_list_twice_changes_once(
    tide: Crate, alice_token: str, rows: dict[str, Issuer]
) -> None:
    create(alice_token, provider="buildkite", fields=BUILDKITE)
    wanted: list[object] = [
        {"crate": "tide", "provider": "google", "fields": contract_of("google")["fields"]},
        {"crate": "tide", "provider": "circleci", "fields": contract_of("circleci")["fields"]},
    ]

    first = declare(alice_token, wanted).json()
    second = declare(alice_token, wanted).json()

    assert [len(first[key]) for key in ("added", "removed", "kept")] == [2, 1, 0]
    assert [len(second[key]) for key in ("added", "removed", "kept")] == [0, 0, 2]
    kinds = PublisherCrate.objects.values_list("publisher__issuer__provider", flat=True)
    assert sorted(kinds) == ["circleci", "google"]


def test_a_list_with_a_mistake_changes_nothing(
    tide: Crate, alice_token: str, rows: dict[str, Issuer]
) -> None:
    create(alice_token, provider="buildkite", fields=BUILDKITE)
    right = {"crate": "tide", "provider": "google", "fields": contract_of("google")["fields"]}
    for wrong, status in (
        ({"crate": "tide", "provider": "google", "fields": {"email": "x"}}, 400),
        ({"crate": "moon", "provider": "google", "fields": {}}, 400),
        ({"provider": "google", "fields": {}}, 422),
        ("google", 422),
    ):
        refusal(declare(alice_token, [right, wrong]), status)

    for body in (
        {"publishers": []},
        {"crates": [], "publishers": []},
        {"crates": ["tide"] * 101, "publishers": []},
        {"crates": [7], "publishers": []},
        {"crates": ["tide"], "publishers": {}},
        {"crates": ["tide"], "publishers": [right] * 101},
    ):
        refusal(send("PUT", PUBLISHERS, alice_token, body), 422)
    refusal(
        send(
            "PUT", f"{PUBLISHERS}?dry_run=yes", alice_token, {"crates": ["tide"], "publishers": []}
        ),
        400,
    )
    assert PublisherCrate.objects.get().publisher.issuer == rows["buildkite"]


def test_a_list_of_which_a_part_is_refused_takes_nothing_away(
    tide: Crate, alice_token: str, rows: dict[str, Issuer], settings: Settings
) -> None:
    create(alice_token, provider="google", fields=contract_of("google")["fields"])
    six = [
        {"crate": "tide", "provider": "buildkite", "fields": {**BUILDKITE, "step_key": f"s{n}"}}
        for n in range(6)
    ]

    assert refusal(declare(alice_token, six), 409)["code"] == "too_many_publishers"
    settings.REGISTRATIONS_PER_DAY = 9
    refusal(declare(alice_token, six[:5]), 429)

    assert PublisherCrate.objects.get().publisher.issuer == rows["google"]
    settings.REGISTRATIONS_PER_DAY = 100
    assert len(declare(alice_token, six[:5]).json()["added"]) == 5
    assert PublisherCrate.objects.count() == 5


def test_a_list_is_read_in_a_fixed_number_of_queries(
    tide: Crate, alice_token: str, rows: dict[str, Issuer]
) -> None:
    create(alice_token, provider="buildkite", fields=BUILDKITE)
    counts = []
    for _ in range(2):
        with CaptureQueriesContext(connection) as seen:
            send("GET", f"{PUBLISHERS}?crate=tide", alice_token)
        counts.append(len(seen))
        create(alice_token, provider="google", fields=contract_of("google")["fields"])

    assert counts[0] == counts[1]
