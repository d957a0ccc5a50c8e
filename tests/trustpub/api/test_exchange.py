"""The exchange of an honest job, and requests that are none."""

import logging
import re
from datetime import timedelta

import pytest
from django.conf import LazySettings
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from pytest_django import DjangoAssertNumQueries

from accounts.models import AuditEvent, User
from accounts.token_text import TokenKind, digest, kind_of
from demo.issuer import LocalIssuer, SigningKey
from registry.models import Crate, Provenance, Version
from tests.cases import in_turn
from tests.ci import TOKENS, exchange, id_token, let_publish, publish_token
from tests.clock import clock_at
from tests.factories.id_tokens import stranger_key
from tests.factories.registry import make_crate
from tests.wire import publish, refusal, send
from trustpub.models import (
    ExchangeRefusal,
    Issuer,
    Publisher,
    PublisherCrate,
    PublishToken,
    SpentIdToken,
)


def test_a_job_gets_a_token_and_publishes(grant: PublisherCrate, ci: LocalIssuer) -> None:
    answer = exchange(id_token(ci))

    assert answer.status_code == 200
    body = answer.json()
    assert kind_of(body["token"], "wbl") is TokenKind.PUBLISH
    assert (body["crates"], body["new_crates"]) == (["tide"], [])
    assert answer["Cache-Control"] == "no-store"
    expires = parse_datetime(body["expires_at"])
    assert expires is not None
    assert timedelta(minutes=14) < expires - timezone.now() <= timedelta(minutes=15)
    assert publish(body["token"], "tide").status_code == 200


def test_the_version_shows_where_it_came_from(grant: PublisherCrate, ci: LocalIssuer) -> None:
    publish(f"Bearer {publish_token(ci)}", "tide")

    version = send("GET", "/api/v1/crates/tide/0.1.0").json()["version"]
    assert version["published_by"] is None
    assert version["audit_actions"] == []
    assert version["trustpub_data"] == {
        "provider": "github",
        "repository": "ferris-labs/tidepool",
        "run_id": "17533210044",
        "sha": "8c1de4a3f0b94d0f6a7f3f4b4d8e9a2c5b7d6e10",
    }
    assert version["provenance"]["kind"] == "trusted_publishing"
    assert version["provenance"]["environment"] == "release"
    assert version["provenance"]["links"]["run"] == (
        "https://forge.example/ferris-labs/tidepool/actions/runs/17533210044/attempts/1"
    )


def test_no_person_is_kept(grant: PublisherCrate, ci: LocalIssuer) -> None:
    publish(publish_token(ci), "tide")

    for table in (PublishToken, Provenance, Version, AuditEvent, Publisher):
        stored = str(list(table._default_manager.values()))
        assert "mira-k" not in stored
        assert "5501234" not in stored


def test_a_token_may_be_used_again(grant: PublisherCrate, ci: LocalIssuer) -> None:
    token = publish_token(ci)

    assert [publish(token, "tide", f"0.1.{n}").status_code for n in range(2)] == [200, 200]

    row = PublishToken.objects.get()
    assert row.use_count == 2
    assert row.first_used_at
    assert row.last_used_at
    assert row.first_used_at < row.last_used_at


def test_it_lives_to_the_moment_at_which_it_expires(grant: PublisherCrate, ci: LocalIssuer) -> None:
    token = publish_token(ci)
    over = PublishToken.objects.get().expires_at

    with clock_at(over):
        assert refusal(publish(token, "tide"), 403)["code"] == "invalid_publish_token"
    with clock_at(over - timedelta(microseconds=1)):
        assert publish(token, "tide").status_code == 200


def test_the_lifetime_is_a_setting(
    grant: PublisherCrate, ci: LocalIssuer, settings: LazySettings
) -> None:
    settings.PUBLISH_TOKEN_LIFETIME = timedelta(minutes=60)

    publish_token(ci)

    row = PublishToken.objects.get()
    assert row.expires_at - row.issued_at == timedelta(minutes=60)


def test_neither_token_is_stored_logged_or_told_twice(
    grant: PublisherCrate, ci: LocalIssuer, caplog: pytest.LogCaptureFixture
) -> None:
    jwt = id_token(ci)

    with caplog.at_level(logging.DEBUG):
        answer = exchange(jwt)
        token = answer.json()["token"]
        publish(token, "tide")
        again = exchange(jwt)

    signature = jwt.rpartition(".")[2]
    for secret in (jwt, signature, token):
        assert secret not in caplog.text
        assert secret.encode() not in again.content
        for table in (PublishToken, SpentIdToken, ExchangeRefusal, AuditEvent, Version, Provenance):
            assert secret not in str(list(table._default_manager.values()))
    assert PublishToken.objects.get().digest == digest(token)
    assert answer.content.count(token.encode()) == 1


@in_turn(
    ("body", "status"),
    [
        (b"{", 400),
        (b"[]", 400),
        (b"null", 400),
        (b'"jwt"', 400),
        (b"{}", 400),
        (b'{"jwt": null}', 400),
        (b'{"jwt": 7}', 400),
        (b'{"jwt": ["a"]}', 400),
        (b'{"jwt": "a", "jwt": "b"}', 400),
        (b'{"jwt": "\xff"}', 400),
        (b'{"jwt": "\\ud800"}', 400),
        (b'{"jwt": NaN}', 400),
        (b"[" * 30_000, 400),
        (b'{"jwt": "' + b"a" * 32 * 1024 + b'"}', 413),
        (b'{"jwt": "a.b.c", "crates": "tide"}', 400),
        (b'{"jwt": "a.b.c", "crates": []}', 400),
        (b'{"jwt": "a.b.c", "crates": [7]}', 400),
        (b'{"jwt": "a.b.c", "bind": []}', 400),
        (b'{"jwt": "a.b.c", "bind": {"name": "tide"}}', 400),
        (b'{"jwt": "a.b.c", "bind": {"name": "a", "vers": "1.0.0", "cksum": "AB"}}', 400),
    ],
)
def test_a_body_that_is_none_is_refused_before_any_query(
    db: None, django_assert_num_queries: DjangoAssertNumQueries, body: bytes, status: int
) -> None:
    with django_assert_num_queries(0):
        error = refusal(send("POST", TOKENS, None, body), status)

    assert error["code"] == "invalid_request"


@pytest.mark.parametrize("content_type", ["text/plain", "", "application/jsonx"])
def test_the_body_must_say_that_it_is_json(db: None, content_type: str) -> None:
    refusal(send("POST", TOKENS, None, {"jwt": "a.b.c"}, content_type=content_type), 415)


def test_a_body_is_not_read_beyond_its_limit(db: None) -> None:
    refusal(send("POST", TOKENS, None, b'{"jwt": "' + b"a" * 5_000_000), 413)


def test_the_switch_turns_everything_off(
    grant: PublisherCrate, ci: LocalIssuer, settings: LazySettings
) -> None:
    token = publish_token(ci)
    settings.TRUSTED_PUBLISHING = False

    assert refusal(exchange(id_token(ci)), 503)["code"] == "trusted_publishing_disabled"
    refusal(publish(token, "tide"), 403)


@pytest.mark.usefixtures("standing_clock")
@pytest.mark.parametrize(
    "limit",
    ["EXCHANGES_PER_ADDRESS", "EXCHANGES_PER_ISSUER", "EXCHANGES_PER_REPOSITORY"],
)
def test_there_are_limits(
    grant: PublisherCrate, ci: LocalIssuer, settings: LazySettings, limit: str
) -> None:
    setattr(settings, limit, 1)
    publish_token(ci)

    answer = exchange(id_token(ci))

    error = refusal(answer, 429)
    assert error["code"] == "rate_limited"
    assert answer["Retry-After"].endswith("GMT")
    # Whose limit that is, is not told.
    assert error["detail"].startswith("Too many exchanges of ID tokens. ")


@pytest.mark.usefixtures("standing_clock")
def test_what_anybody_can_send_uses_up_nothing_of_the_issuers_jobs(
    grant: PublisherCrate, ci: LocalIssuer, settings: LazySettings
) -> None:
    settings.EXCHANGES_PER_ISSUER = 2
    theirs = SigningKey(ci.key.kid, stranger_key().private_key)
    forged = ci.sign(ci.github_claims("127.0.0.1:8000"), key=theirs)
    elsewhere = id_token(ci, aud="another.example")

    for token in (forged, elsewhere):
        refusal(exchange(token), 400)
    for token in (forged, elsewhere):
        refusal(exchange(token), 429)

    assert [exchange(id_token(ci)).status_code for _ in range(3)] == [200, 200, 429]


@pytest.mark.usefixtures("standing_clock")
def test_a_spent_id_token_uses_up_nothing_of_its_repositorys_jobs(
    grant: PublisherCrate, ci: LocalIssuer, settings: LazySettings
) -> None:
    """It stands in a log for all to read, and is valid for some minutes more."""
    settings.EXCHANGES_PER_REPOSITORY = settings.EXCHANGES_PER_ISSUER = 2
    settings.FAILED_EXCHANGES_PER_REPOSITORY = 1
    spent = id_token(ci)
    assert exchange(spent).status_code == 200

    for _ in range(3):
        assert refusal(exchange(spent), 409)["code"] == "token_reused"

    assert [exchange(id_token(ci)).status_code for _ in range(2)] == [200, 429]
    # The log keeps the first replay, and the record how many there were.
    assert AuditEvent.objects.filter(name="exchange.replayed").count() == 1
    assert ExchangeRefusal.objects.get().count == 3


@pytest.mark.usefixtures("standing_clock")
@pytest.mark.parametrize("limit", ["EXCHANGES_PER_ADDRESS", "EXCHANGES_PER_REPOSITORY"])
def test_what_is_refused_for_coming_too_often_counts_for_nobody_else(
    grant: PublisherCrate, ci: LocalIssuer, settings: LazySettings, limit: str
) -> None:
    setattr(settings, limit, 1)
    settings.EXCHANGES_PER_ISSUER = 2
    assert exchange(id_token(ci)).status_code == 200
    for _ in range(3):
        refusal(exchange(id_token(ci)), 429)

    setattr(settings, limit, 1000)

    assert [exchange(id_token(ci)).status_code for _ in range(2)] == [200, 429]


@pytest.mark.usefixtures("standing_clock")
def test_attempts_are_counted_by_address_whoever_is_named_as_the_issuer(
    db: None, settings: LazySettings, ci: LocalIssuer
) -> None:
    settings.EXCHANGES_PER_ADDRESS = 1

    refusal(exchange(id_token(ci, iss="https://a.example")), 400)
    refusal(exchange(id_token(ci, iss="https://b.example")), 429)


@pytest.mark.usefixtures("standing_clock")
def test_failures_have_a_limit_of_their_own(
    grant: PublisherCrate, ci: LocalIssuer, settings: LazySettings
) -> None:
    settings.FAILED_EXCHANGES_PER_REPOSITORY = 1
    refusal(exchange(id_token(ci, environment="test")), 403)

    refusal(exchange(id_token(ci)), 429)


@pytest.mark.parametrize("authorization", ["nonsense", "Basic eDp5", "wbl_tp_x"])
def test_no_header_stands_in_the_way(
    grant: PublisherCrate, ci: LocalIssuer, authorization: str
) -> None:
    answer = send("POST", TOKENS, authorization, {"jwt": id_token(ci)})

    assert answer.status_code == 200


def test_an_api_token_is_no_id_token(grant: PublisherCrate, alice_token: str) -> None:
    refusal(exchange(alice_token), 400)
    refusal(send("POST", TOKENS, alice_token, {}), 400)


@pytest.mark.parametrize("crates", [1, 6])
def test_the_cost_does_not_grow_with_the_crates_of_a_publisher(
    alice: User,
    issuer: Issuer,
    ci: LocalIssuer,
    django_assert_max_num_queries: DjangoAssertNumQueries,
    crates: int,
) -> None:
    for number in range(crates):
        let_publish(make_crate(f"tide-{number}", owner=alice), alice, issuer)
    publish_token(ci)

    # Besides the savepoint: keys, limits, publishers, spent token, publish token, event.
    with django_assert_max_num_queries(6 + 2):
        answer = exchange(id_token(ci))

    assert len(answer.json()["crates"]) == crates


def test_the_event_names_the_job_and_its_crates(
    grant: PublisherCrate, ci: LocalIssuer, tide: Crate
) -> None:
    publish_token(ci)

    event = AuditEvent.objects.get(name="exchange.granted")
    assert event.actor_label == "github: release.yml of ferris-labs/tidepool"
    assert event.after["crates"] == ["tide"]
    assert not re.search(r"wbl_tp_\w", str(event.after))
