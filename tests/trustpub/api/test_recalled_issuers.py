"""What a process remembers of an issuer never outlives a change of it, and saves a question."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.conf import LazySettings
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts import audit
from accounts.models import AuditEvent, User
from demo.issuer import LocalIssuer
from registry.actors import System
from registry.models import Crate
from tests.ci import exchange, id_token, let_publish, trusted
from tests.factories.id_tokens import stranger_key
from tests.wire import refusal
from trustpub.models import Issuer, KeySetRow, Publisher, PublisherCrate, PublishToken, SpentIdToken
from trustpub.operations import minting
from trustpub.operations.minting import RulesChanged, Sightings, Written
from trustpub.operations.switches import switch_off

pytestmark = pytest.mark.usefixtures("grant")
SHELL = System("tests")
# Of an exchange whose issuer is recalled; the limits are counted with the rules, or in Redis.
RECALLED = 2


def _statements(jwt: str) -> list[str]:
    with CaptureQueriesContext(connection) as captured:
        assert exchange(jwt).status_code == 200
    return [query["sql"] for query in captured.captured_queries]


@pytest.mark.postgres
def test_an_issuer_that_was_looked_up_once_is_recalled(ci: LocalIssuer) -> None:
    # Its keys are fetched, and then read.
    for _ in range(2):
        assert len(_statements(id_token(ci))) > RECALLED

    assert len(_statements(id_token(ci))) == RECALLED


CHANGES: dict[str, tuple[Callable[[], object], int, str]] = {
    "the issuer is disabled": (
        lambda: Issuer.objects.update(state=Issuer.State.DISABLED),
        403,
        "issuer_disabled",
    ),
    "its provider is switched off": (
        lambda: switch_off(actor=SHELL, name="provider:github", reason="an attack"),
        503,
        "trusted_publishing_disabled",
    ),
    "everything is switched off": (
        lambda: switch_off(actor=SHELL, name="trusted_publishing", reason="an attack"),
        503,
        "trusted_publishing_disabled",
    ),
    "the key of that name is another": (
        lambda: KeySetRow.objects.update(
            keys=[{**stranger_key().public_jwk(), "kid": KeySetRow.objects.get().keys[0]["kid"]}],
            fetched_at=timezone.now(),
        ),
        400,
        "invalid_signature",
    ),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_counts_at_once(ci: LocalIssuer, name: str) -> None:
    for _ in range(2):
        assert exchange(id_token(ci)).status_code == 200
    change, status, code = CHANGES[name]
    change()

    assert refusal(exchange(id_token(ci)), status)["code"] == code


def test_old_keys_are_asked_for_each_time(ci: LocalIssuer) -> None:
    exchange(id_token(ci))
    KeySetRow.objects.update(fetched_at=timezone.now() - timedelta(minutes=16))

    for _ in range(2):
        assert len(_statements(id_token(ci))) > RECALLED


@pytest.mark.usefixtures("standing_clock")
def test_an_attempt_that_looks_twice_counts_once(ci: LocalIssuer, settings: LazySettings) -> None:
    settings.EXCHANGES_PER_ADDRESS = 3
    for _ in range(2):
        assert exchange(id_token(ci)).status_code == 200
    # Whoever was recalled is no longer the issuer.
    Issuer.objects.update(name="Renamed")

    assert exchange(id_token(ci)).status_code == 200
    refusal(exchange(id_token(ci)), 429)


@pytest.mark.usefixtures("standing_clock")
def test_an_issuer_that_was_removed_and_added_again_keeps_its_limits(
    ci: LocalIssuer, tide: Crate, alice: User, settings: LazySettings
) -> None:
    for _ in range(2):
        assert exchange(id_token(ci)).status_code == 200
    for model in (PublishToken, SpentIdToken, Publisher, Issuer):
        model.objects.all().delete()
    let_publish(tide, alice, trusted(ci))
    settings.FAILED_EXCHANGES_PER_REPOSITORY = 1
    refusal(exchange(id_token(ci, environment="test")), 403)

    refusal(exchange(id_token(ci)), 429)


@pytest.mark.postgres
def test_nothing_is_minted_for_a_publisher_that_changed_since_it_was_judged(
    ci: LocalIssuer, grant: PublisherCrate
) -> None:
    issuer, now = grant.publisher.issuer, timezone.now()
    spent = {"issuer_id": issuer.pk, "key": "a", "spent_at": now, "expires_at": now}
    token = {"digest": "b", "issuer_id": issuer.pk, "workload": {}, "issued_at": now}
    rows = Written(spent, token | {"expires_at": now}, audit.columns("granted", actor=SHELL))
    sightings = Sightings([grant.publisher_id], now, {"environment": "seen"})

    with pytest.raises(RulesChanged):
        minting.mint(rows, sightings, {grant.publisher_id: "/1(0,1)"})

    grant.publisher.refresh_from_db()
    assert grant.publisher.seen == {}
    for model in (SpentIdToken, PublishToken):
        assert not model.objects.exists()
    assert not AuditEvent.objects.filter(name="granted").exists()
