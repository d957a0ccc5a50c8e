"""Asking what would be granted, of an exchange and of a workspace's uploads (a.12, d.6)."""

import hashlib
from typing import Any

import pytest
from django.core import mail
from pytest_django import DjangoAssertNumQueries

from accounts.models import AuditEvent, User
from demo.issuer import LocalIssuer
from registry.actors import Person, System
from registry.models import Crate
from registry.operations.quarantine import quarantine_crate
from tests.cases import in_turn
from tests.ci import (
    TOKENS,
    exchange,
    form,
    id_token,
    let_found,
    let_publish,
    publish_token,
    unpinned,
)
from tests.factories.archives import build_crate
from tests.factories.registry import make_crate, make_version
from tests.wire import publish, refusal, send
from trustpub.models import (
    ExchangeRefusal,
    Issuer,
    PendingPublisher,
    Publisher,
    PublisherCrate,
    PublishToken,
    SpentIdToken,
)
from trustpub.operations.pending import cancel, invalidate_taken
from trustpub.operations.publishers import remove_publisher

PREFLIGHT = "/api/v1/trusted_publishing/preflight"


def dry(jwt: str, **more: object) -> Any:
    return send("POST", f"{TOKENS}?dry_run=true", None, {"jwt": jwt, **more})


def ask(token: str | None, *uploads: tuple[str, str], **more: object) -> Any:
    crates = [{"name": name, "vers": version} for name, version in uploads]
    return send("POST", PREFLIGHT, token, {"crates": crates, **more})


def statuses(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.content
    return [entry["status"] for entry in answer.json()["crates"]]


def test_it_tells_what_would_be_granted(
    grant: PublisherCrate, alice: User, issuer: Issuer, ci: LocalIssuer
) -> None:
    let_found("fresh", alice, issuer)

    body = dry(id_token(ci)).json()

    assert "token" not in body
    assert (body["dry_run"], body["crates"], body["new_crates"]) == (True, ["tide"], ["fresh"])
    assert body["scopes"] == ["publish-update", "publish-new"]
    assert body["warnings"] == []
    assert not PublishToken.objects.exists()
    assert AuditEvent.objects.filter(name="exchange.dry_run").count() == 1


def test_it_spends_the_id_token(grant: PublisherCrate, ci: LocalIssuer) -> None:
    jwt = id_token(ci)
    dry(jwt)

    assert SpentIdToken.objects.count() == 1
    assert refusal(exchange(jwt), 409)["code"] == "token_reused"
    assert refusal(dry(jwt), 409)["code"] == "token_reused"


def test_it_pins_renames_and_founds_nothing(
    alice: User,
    tide: Crate,
    issuer: Issuer,
    ci: LocalIssuer,
    django_capture_on_commit_callbacks: Any,
) -> None:
    let_publish(tide, alice, issuer, unpinned())
    let_found("fresh", alice, issuer, unpinned())
    mail.outbox.clear()

    with django_capture_on_commit_callbacks(execute=True):
        body = dry(id_token(ci)).json()

    assert not Publisher.objects.get().is_pinned
    assert not PendingPublisher.objects.get().is_pinned
    assert mail.outbox == []
    assert any("not pinned" in warning for warning in body["warnings"])


def test_it_warns_of_what_is_open(
    alice: User, tide: Crate, issuer: Issuer, ci: LocalIssuer
) -> None:
    let_publish(tide, alice, issuer, form(environment=None))

    loud = dry(id_token(ci, environment=None, runner_environment="self-hosted")).json()["warnings"]
    named = dry(id_token(ci)).json()["warnings"]

    assert any("everybody who can push a branch" in warning for warning in loud)
    assert any("not the CI system's own" in warning for warning in loud)
    assert any("`release`" in warning for warning in named)


def test_a_refusal_is_the_same_and_kept(grant: PublisherCrate, ci: LocalIssuer) -> None:
    error = refusal(dry(id_token(ci, environment="test")), 403)

    assert error["code"] == "publisher_mismatch"
    assert ExchangeRefusal.objects.get().code == "publisher_mismatch"
    assert not SpentIdToken.objects.exists()


@pytest.mark.parametrize("value", ["maybe", "", "2"])
def test_only_true_and_false_are_answers(
    grant: PublisherCrate, ci: LocalIssuer, value: str
) -> None:
    answer = send("POST", f"{TOKENS}?dry_run={value}", None, {"jwt": id_token(ci)})

    assert refusal(answer, 400)["code"] == "invalid_request"
    assert not PublishToken.objects.exists()


# --- Preflight ---


def test_a_workspace_learns_of_each_upload(
    grant: PublisherCrate, alice: User, bob: User, tide: Crate, issuer: Issuer, ci: LocalIssuer
) -> None:
    make_version(tide, "1.0.0")
    let_found("fresh", alice, issuer)
    let_found("taken", alice, issuer)
    token = publish_token(ci)
    make_crate("taken", owner=bob)
    make_crate("bobs", owner=bob)

    answer = ask(
        token,
        ("tide", "1.0.0"),
        ("tide", "1.1.0"),
        ("TIDE", "1.0.0+build"),
        ("fresh", "0.1.0"),
        ("taken", "0.1.0"),
        ("bobs", "0.1.0"),
        ("nowhere", "0.1.0"),
    )

    assert statuses(answer) == [
        "already_published",
        "ok",
        "already_published",
        "pending_ok",
        "name_taken",
        "no_publisher",
        "no_publisher",
    ]
    assert answer["Cache-Control"] == "no-store"


def test_a_workspace_learns_what_is_out_of_reach_by_now(
    grant: PublisherCrate, alice: User, bob: User, tide: Crate, issuer: Issuer, ci: LocalIssuer
) -> None:
    """As the uploads would be told, also once the rules of a lost name are gone."""
    for name in ("taken", "withdrawn"):
        let_found(name, alice, issuer)
    token = publish_token(ci)
    make_crate("taken", owner=bob)
    make_crate("bobs", owner=bob)
    invalidate_taken()
    cancel(owner=alice, pending_id=PendingPublisher.objects.get(crate_name="withdrawn").pk)
    quarantine_crate(actor=System("moderators"), crate=tide, reason="malware")

    names = ("tide", "taken", "withdrawn", "bobs")
    answer = ask(token, *[(name, "0.1.0") for name in names])

    assert statuses(answer) == ["quarantined", "name_taken", "no_publisher", "no_publisher"]
    assert refusal(publish(token, "tide"), 403)["code"] == "quarantined"
    assert refusal(publish(token, "taken"), 409)["code"] == "pending_conflict"


def test_a_bare_list_will_do(grant: PublisherCrate, ci: LocalIssuer) -> None:
    answer = send("POST", PREFLIGHT, publish_token(ci), [{"name": "tide", "vers": "1.0.0"}])

    assert statuses(answer) == ["ok"]


def test_the_same_archive_is_told_from_another(grant: PublisherCrate, ci: LocalIssuer) -> None:
    crate = build_crate("tide", "1.0.0")
    token = publish_token(ci)
    publish(token, "tide", "1.0.0", crate=crate)
    checksum = hashlib.sha256(crate).hexdigest()

    body = [{"name": "tide", "vers": "1.0.0", "cksum": text} for text in (checksum, "0" * 64)]
    told = send("POST", PREFLIGHT, token, body).json()["crates"]

    assert [entry["same_archive"] for entry in told] == [True, False]


def test_an_id_token_will_do_and_is_spent(grant: PublisherCrate, ci: LocalIssuer) -> None:
    jwt = id_token(ci)

    assert statuses(ask(None, ("tide", "1.0.0"), jwt=jwt)) == ["ok"]
    refusal(exchange(jwt), 409)
    assert not PublishToken.objects.exists()


def test_it_follows_what_happened_since(
    grant: PublisherCrate, alice: User, ci: LocalIssuer
) -> None:
    token = publish_token(ci)
    remove_publisher(actor=Person(alice), grant_id=grant.pk)

    assert statuses(ask(token, ("tide", "1.0.0"))) == ["no_publisher"]


def test_it_changes_nothing(grant: PublisherCrate, ci: LocalIssuer) -> None:
    token = publish_token(ci)
    before = list(PublishToken.objects.values())

    ask(token, ("tide", "1.0.0"))

    assert list(PublishToken.objects.values()) == before


@in_turn(
    "body",
    [
        b"{}",
        b'{"crates": []}',
        b'{"crates": {}}',
        b'{"crates": [7]}',
        b'[{"name": "tide"}]',
        b'[{"name": "", "vers": "1.0.0"}]',
        b'[{"name": "t\\u0000", "vers": "1.0.0"}]',
        b'[{"name": "tide", "vers": 1}]',
        b'[{"name": "tide", "vers": "1.0.0", "cksum": 7}]',
        b'[{"name": "tide", "vers": "1.0.0"}], "jwt": ["x"]',
        b'{"crates": [{"name": "a", "vers": "1"}], "jwt": 7}',
        b"[" * 5000,
    ],
)
def test_other_shapes_are_refused(grant: PublisherCrate, ci: LocalIssuer, body: bytes) -> None:
    error = refusal(send("POST", PREFLIGHT, publish_token(ci), body), 400)

    assert error["code"] == "invalid_request"


@pytest.mark.parametrize("token", [None, "wbl_tp_x", "nonsense"])
def test_it_needs_a_token(grant: PublisherCrate, token: str | None) -> None:
    assert ask(token, ("tide", "1.0.0")).status_code in (401, 403)


def test_an_api_token_is_not_asked_for(grant: PublisherCrate, alice_token: str) -> None:
    refusal(ask(alice_token, ("tide", "1.0.0")), 403)


@pytest.mark.parametrize("count", [1, 200])
def test_its_cost_does_not_grow_with_the_workspace(
    grant: PublisherCrate,
    ci: LocalIssuer,
    count: int,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    token = publish_token(ci)

    with django_assert_max_num_queries(5):
        answer = ask(token, *[("tide", f"1.{number}.0") for number in range(count)])

    assert statuses(answer) == ["ok"] * count
