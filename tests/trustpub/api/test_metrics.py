"""What /metrics tells of trusted publishing (reference, g.5)."""

from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from accounts.models import User
from demo.issuer import LocalIssuer
from registry.actors import System
from registry.models import Crate
from tests.ci import exchange, id_token, let_found, publish_token
from tests.factories.registry import make_crate
from tests.wire import publish, send
from trustpub.models import Figure, Issuer, KeySetRow, PublisherCrate, PublishToken
from trustpub.operations.switches import switch_off
from trustpub.tasks import fold_notes


def shown() -> dict[str, float]:
    """What a monitoring system reads, once the worker has added up."""
    fold_notes()
    return read()


def read() -> dict[str, float]:
    lines = send("GET", "/metrics").content.decode().splitlines()
    pairs = (line.rsplit(" ", 1) for line in lines if line.startswith("waybill_trustpub_"))
    return {name.removeprefix("waybill_trustpub_"): float(value) for name, value in pairs}


def outcome(provider: str, code: str) -> str:
    return f'exchanges_total{{outcome="{code}",provider="{provider}"}}'


def test_exchanges_are_counted_by_kind_and_outcome(grant: PublisherCrate, ci: LocalIssuer) -> None:
    jwt = id_token(ci)
    for sent in (jwt, jwt, id_token(ci, environment="x"), "garbage", id_token(ci, iss="https://x")):
        exchange(sent)
    exchange(id_token(ci, aud="elsewhere"))

    found = shown()

    assert {name: value for name, value in found.items() if name.startswith("exchanges_")} == {
        outcome("github", "granted"): 1,
        outcome("github", "token_reused"): 1,
        outcome("github", "publisher_mismatch"): 1,
        outcome("github", "invalid_audience"): 1,
        outcome("", "malformed_token"): 1,
        outcome("", "unsupported_issuer"): 1,
    }
    assert found['exchange_seconds_bucket{le="+Inf"}'] == found["exchange_seconds_count"] == 6
    assert found["exchange_seconds_sum"] > 0
    assert found['key_fetches_total{outcome="loaded",provider="github"}'] == 1


def test_keys_that_cannot_be_had_are_counted(grant: PublisherCrate, ci: LocalIssuer) -> None:
    ci.status = 500

    exchange(id_token(ci))

    found = shown()
    assert found['key_fetches_total{outcome="error",provider="github"}'] == 1
    assert found[outcome("github", "jwks_unavailable")] == 1


def test_keys_that_are_not_used_are_counted(grant: PublisherCrate, ci: LocalIssuer) -> None:
    ci.extra_keys = [{**ci.key.public_jwk(), "kid": "other", "use": "enc"}]
    exchange(id_token(ci))

    assert shown()['key_fetches_total{outcome="loaded_in_part",provider="github"}'] == 1


def test_tokens_are_counted_by_what_became_of_them(grant: PublisherCrate, ci: LocalIssuer) -> None:
    used, revoked, _late, _live = (publish_token(ci) for _ in range(4))
    publish(used, "tide")
    for token in (used, revoked):
        send("DELETE", "/api/v1/trusted_publishing/tokens", token)
    hour = timedelta(hours=1)
    now = timezone.now()
    first = PublishToken.objects.filter(revoked_at=None).order_by("pk").values("pk")[0]["pk"]
    PublishToken.objects.filter(pk=first).update(issued_at=now - 2 * hour, expires_at=now - hour)

    found = shown()

    states = ("live", "used", "revoked_unused", "expired_unused")
    assert [found[f'publish_tokens{{state="{state}"}}'] for state in states] == [1, 1, 1, 1]
    assert found['events_total{event="publish_token.revoked"}'] == 2


def test_a_name_that_was_lost_is_counted(
    alice: User, bob: User, issuer: Issuer, ci: LocalIssuer
) -> None:
    let_found("fresh", alice, issuer)
    token = publish_token(ci)
    make_crate("fresh", owner=bob)
    publish(token, "fresh")

    assert shown()['events_total{event="pending.conflict"}'] == 1


def test_what_is_there_is_measured(
    grant: PublisherCrate, alice: User, issuer: Issuer, ci: LocalIssuer
) -> None:
    let_found("fresh", alice, issuer)
    publish_token(ci)
    Crate.objects.update(trustpub_only=True)
    KeySetRow.objects.update(fetched_at=timezone.now() - timedelta(minutes=5))
    switch_off(actor=System("tests"), name="provider:gitlab", reason="x")

    found = shown()

    assert found['publishers{provider="github",state="active"}'] == 1
    assert found["publishers_without_environment"] == 0
    assert (found["publishers_unpinned"], found["pending_publishers"]) == (0, 1)
    assert found["only_crates"] == 1
    assert found['switched_off{switch="provider:gitlab"}'] == 1
    assert found['switched_off{switch="trusted_publishing"}'] == 0
    assert found['events_total{event="pending.created"}'] == 1
    assert 300 <= found[f'key_set_age_seconds{{issuer="{issuer.url}"}}'] < 400


def test_no_name_of_a_crate_or_repository_is_in_it(grant: PublisherCrate, ci: LocalIssuer) -> None:
    publish(publish_token(ci), "tide")
    fold_notes()

    text = send("GET", "/metrics").content.decode()

    assert "tide" not in text
    assert "ferris" not in text


def test_it_asks_the_same_however_much_there_is(
    grant: PublisherCrate, ci: LocalIssuer, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    publish_token(ci)
    fold_notes()

    with django_assert_num_queries(18):
        read()


# --- The files of notes ---


def test_every_file_is_counted_once(db: None, settings: Settings) -> None:
    folder = Path(settings.NOTES_DIR)
    folder.mkdir()
    kept = folder / "0123.closed"
    kept.write_text(
        "exchange github granted 0.02\nexchange github granted 20\nspoi\x00led\n x y z\n"
    )
    copy = kept.read_text()
    fold_notes()
    # As if the worker had died before it deleted the file.
    kept.write_text(copy)

    fold_notes()

    row = Figure.objects.get(what="exchange")
    assert (row.provider, row.outcome, row.count) == ("github", "granted", 2)
    assert not kept.exists()
    buckets = Figure.objects.filter(what="exchange_seconds").values_list("outcome", "seconds")
    assert set(buckets) == {("0.025", 0.02), ("+Inf", 20.0)}


def test_a_full_disk_stops_no_exchange(
    grant: PublisherCrate,
    ci: LocalIssuer,
    settings: Settings,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    (tmp_path / "file").touch()
    settings.NOTES_DIR = tmp_path / "file" / "below"

    assert exchange(id_token(ci)).status_code == 200
    assert "exchange could not be noted" in caplog.text
