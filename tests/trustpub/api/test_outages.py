"""An issuer that goes away, stalls or talks nonsense while jobs ask for tokens (reference, a.7)."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.conf import LazySettings
from django.utils import timezone

from demo.issuer import DISCOVERY_PATH, KEYS_PATH, LocalIssuer
from tests.ci import exchange, id_token, let_publish, trusted
from tests.factories.id_tokens import segment, signing_key
from tests.wire import refusal
from trustpub import keys
from trustpub.models import KeySetRow, PublishToken, SpentIdToken

pytestmark = pytest.mark.once

NONSENSE = {
    "a page": b"<!doctype html><title>Sign in</title>",
    "nothing": b"",
    "a list": b"[]",
    "a text": b'"keys"',
    "null": b"null",
    "not UTF-8": b"\xff\xfe\x00",
    "nested without end": b"[" * 100_000,
    "keys that are no list": b'{"keys": {"kid": "a"}}',
    "keys that are no objects": b'{"keys": [1, null, "x", []]}',
    "a number that nobody can read": b'{"keys": ' + b"9" * 10_000 + b"}",
}


def unavailable(answer: Any) -> None:
    error = refusal(answer, 503)
    assert (error["code"], error["retryable"]) == ("jwks_unavailable", True)
    assert answer["Retry-After"].endswith("GMT")
    assert not PublishToken.objects.exists()
    assert not SpentIdToken.objects.exists()


@pytest.mark.usefixtures("grant")
@pytest.mark.parametrize("path", [DISCOVERY_PATH, KEYS_PATH])
@pytest.mark.parametrize("content", NONSENSE)
def test_an_answer_that_is_no_document_is_an_outage(
    ci: LocalIssuer, path: str, content: str
) -> None:
    ci.faulty_paths = frozenset({path})
    ci.body = NONSENSE[content]

    unavailable(exchange(id_token(ci)))

    assert KeySetRow.objects.get().keys == []


@pytest.mark.usefixtures("grant")
@pytest.mark.parametrize("content", NONSENSE)
def test_nonsense_never_takes_the_place_of_keys(
    ci: LocalIssuer, content: str, keys_by_the_clock: Callable[[], None]
) -> None:
    exchange(id_token(ci))
    ci.body = NONSENSE[content]
    KeySetRow.objects.update(attempted_at=timezone.now() - timedelta(minutes=10))

    keys_by_the_clock()

    assert KeySetRow.objects.get().error
    assert exchange(id_token(ci)).status_code == 200


@pytest.mark.usefixtures("grant")
def test_an_answer_byte_by_byte_is_cut_off(ci: LocalIssuer, settings: LazySettings) -> None:
    settings.KEY_FETCH_SECONDS = 0.2
    ci.drips = True

    unavailable(exchange(id_token(ci)))


def test_an_issuer_that_vanished_is_an_outage_until_it_is_back(db: None, tide: Any) -> None:
    with LocalIssuer(key=signing_key()) as gone:
        row = trusted(gone)
        let_publish(tide, tide.ownerships.get().user, row)
        jwt = id_token(gone)

    unavailable(exchange(jwt))

    host, port = gone.url.removeprefix("http://").split(":")
    KeySetRow.objects.update(attempted_at=timezone.now() - timedelta(seconds=61))
    with LocalIssuer(host, int(port), key=signing_key()):
        assert exchange(jwt).status_code == 200


def test_known_keys_outlive_their_issuer_for_a_day(
    tide: Any, keys_by_the_clock: Callable[[], None]
) -> None:
    with LocalIssuer(key=signing_key()) as gone:
        let_publish(tide, tide.ownerships.get().user, trusted(gone))
        exchange(id_token(gone))
        later = [id_token(gone) for _ in range(2)]
    KeySetRow.objects.update(fetched_at=timezone.now() - timedelta(hours=23))
    keys_by_the_clock()

    assert exchange(later[0]).status_code == 200

    at = timezone.now() - timedelta(hours=25)
    KeySetRow.objects.update(fetched_at=at, attempted_at=at)
    assert refusal(exchange(later[1]), 503)["code"] == "jwks_unavailable"


@pytest.mark.usefixtures("grant", "standing_clock")
def test_a_flood_over_http_is_one_fetch(ci: LocalIssuer, settings: LazySettings) -> None:
    settings.EXCHANGES_PER_ADDRESS = settings.EXCHANGES_PER_ISSUER = 10_000
    claims = ci.github_claims("127.0.0.1:8000")
    # Signed once: the signature is not looked at while nobody knows the key.
    signature = ci.sign(claims).rpartition(".")[2]

    for number in range(100):
        jwt = f"{_unsigned(claims, f'key-{number}')}.{signature}"
        assert refusal(exchange(jwt), 400)["code"] == "unknown_key"

    assert ci.requests == {DISCOVERY_PATH: 1, KEYS_PATH: 1}


def test_only_some_threads_wait_for_an_issuer(settings: LazySettings) -> None:
    settings.KEY_WAITERS = 3
    room = keys._WaitingRoom()
    inside, leave = threading.Semaphore(0), threading.Event()

    def wait(_: int) -> bool:
        with room.seat() as seated:
            inside.release()
            if seated:
                leave.wait(60)
            return seated

    with ThreadPoolExecutor(8) as pool:
        waiting = [pool.submit(wait, number) for number in range(8)]
        for _ in range(8):
            assert inside.acquire(timeout=60)
        leave.set()
        seated = [done.result() for done in waiting]

    assert seated.count(True) == 3
    with room.seat() as free:
        assert free


@pytest.mark.usefixtures("grant")
def test_who_finds_no_seat_is_told_to_come_again_at_once(
    ci: LocalIssuer, settings: LazySettings
) -> None:
    settings.KEY_WAITERS = 0

    unavailable(exchange(id_token(ci)))
    assert not ci.requests

    settings.KEY_WAITERS = 1
    assert exchange(id_token(ci)).status_code == 200


def _unsigned(claims: dict[str, object], kid: str) -> str:
    header = segment({"alg": "RS256", "typ": "JWT", "kid": kid})
    return f"{header}.{segment(claims)}"
