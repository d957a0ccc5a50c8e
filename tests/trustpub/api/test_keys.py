"""The keys of an issuer: fetched, kept, rotated, and how that fails (reference, a.6 and a.7)."""

import logging
import secrets
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import jwt
import pytest
from django.conf import LazySettings
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import AuditEvent
from demo.issuer import DISCOVERY_PATH, KEYS_PATH, LocalIssuer, SigningKey, new_key
from tests.ci import exchange, id_token, trusted
from tests.factories.id_tokens import stranger_key
from tests.wire import refusal
from trustpub import keys
from trustpub.models import Issuer, KeySetRow, PublishToken
from trustpub.providers import github

pytestmark = [pytest.mark.usefixtures("grant"), pytest.mark.once]


def age(span: timedelta) -> None:
    """The clock advances for the keys."""
    at = timezone.now() - span
    KeySetRow.objects.update(fetched_at=at, attempted_at=at)


def fetches(ci: LocalIssuer) -> int:
    assert ci.requests[DISCOVERY_PATH] >= ci.requests[KEYS_PATH]
    return ci.requests[DISCOVERY_PATH]


def unknown(ci: LocalIssuer) -> str:
    return ci.sign(ci.github_claims("127.0.0.1:8000"), headers={"kid": secrets.token_hex(8)})


def test_keys_are_fetched_once(ci: LocalIssuer) -> None:
    for _ in range(3):
        assert exchange(id_token(ci)).status_code == 200

    assert fetches(ci) == 1


def test_a_key_that_is_known_to_be_absent_takes_fewer_statements(ci: LocalIssuer) -> None:
    exchange(id_token(ci))
    stranger = unknown(ci)
    with CaptureQueriesContext(connection) as first:
        refusal(exchange(stranger), 400)
    with CaptureQueriesContext(connection) as second:
        refusal(exchange(stranger), 400)
    assert len(second) < len(first)

    # It may be in the set once that may be loaded again.
    KeySetRow.objects.update(attempted_at=timezone.now() - timedelta(minutes=2))
    ci.published.append(SigningKey(jwt.get_unverified_header(stranger)["kid"], ci.key.private_key))
    assert exchange(stranger).status_code == 200


def test_a_flood_of_unknown_keys_in_a_stale_set_queues_one_fetch(
    ci: LocalIssuer, django_capture_on_commit_callbacks: Any
) -> None:
    exchange(id_token(ci))
    age(timedelta(minutes=16))

    with django_capture_on_commit_callbacks(execute=True):
        for _ in range(20):
            refusal(exchange(unknown(ci)), 400)

    assert fetches(ci) == 2


def test_a_new_key_is_found_when_it_is_first_used(ci: LocalIssuer) -> None:
    exchange(id_token(ci))
    ci.rotate(keep_old=True)

    refusal(exchange(id_token(ci)), 400)  # the cooldown of a minute lasts
    age(timedelta(seconds=61))

    assert exchange(id_token(ci)).status_code == 200


def test_a_withdrawn_key_is_trusted_for_minutes_only(
    ci: LocalIssuer, django_capture_on_commit_callbacks: Any
) -> None:
    stolen = ci.key
    exchange(id_token(ci))
    ci.rotate()
    age(timedelta(minutes=16))

    with django_capture_on_commit_callbacks(execute=True):
        # Answered from what is stored; the refresh runs behind it.
        exchange(ci.sign(ci.github_claims("127.0.0.1:8000"), key=stolen))
    forged = ci.sign(ci.github_claims("127.0.0.1:8000"), key=stolen)

    assert refusal(exchange(forged), 400)["code"] == "unknown_key"
    assert exchange(id_token(ci)).status_code == 200


def test_the_clock_takes_withdrawn_keys_away_too(
    ci: LocalIssuer, keys_by_the_clock: Callable[[], None]
) -> None:
    stolen = ci.key
    exchange(id_token(ci))
    ci.rotate()
    age(timedelta(minutes=10))

    keys_by_the_clock()

    forged = ci.sign(ci.github_claims("127.0.0.1:8000"), key=stolen)
    assert refusal(exchange(forged), 400)["code"] == "unknown_key"
    row = KeySetRow.objects.get()
    assert [key["kid"] for key in row.previous_keys] == [stolen.kid]


def test_a_changed_set_is_an_event(ci: LocalIssuer, keys_by_the_clock: Callable[[], None]) -> None:
    exchange(id_token(ci))
    first = ci.key.kid
    second = ci.rotate().kid
    age(timedelta(minutes=10))

    keys_by_the_clock()

    event = AuditEvent.objects.filter(name="issuer.keys_changed").last()
    assert event is not None
    assert (event.before, event.after) == ({"key_ids": [first]}, {"key_ids": [second]})


def test_a_set_that_cannot_be_renewed_serves_for_a_day(ci: LocalIssuer) -> None:
    exchange(id_token(ci))
    ci.status = 500
    age(timedelta(hours=23, minutes=59))

    assert exchange(id_token(ci)).status_code == 200
    age(timedelta(hours=24, seconds=1))
    error = refusal(exchange(id_token(ci)), 503)

    assert error["code"] == "jwks_unavailable"


def test_an_old_set_is_renewed_before_it_is_refused(ci: LocalIssuer) -> None:
    exchange(id_token(ci))
    age(timedelta(hours=25))

    assert exchange(id_token(ci)).status_code == 200


def _redirects(ci: LocalIssuer) -> None:
    ci.redirect_to = f"{ci.url}/elsewhere"


FAULTS: dict[str, Callable[[LocalIssuer], None]] = {
    "another issuer": lambda ci: setattr(ci, "announced_issuer", "https://evil.example"),
    "issuer with a slash": lambda ci: setattr(ci, "announced_issuer", f"{ci.url}/"),
    "keys on another port": lambda ci: setattr(ci, "announced_jwks_uri", "http://127.0.0.1:9/x"),
    "keys on another host": lambda ci: setattr(ci, "announced_jwks_uri", "http://localhost/x"),
    "keys by https": lambda ci: setattr(
        ci, "announced_jwks_uri", ci.url.replace("http:", "https:") + "/x"
    ),
    "keys behind a user": lambda ci: setattr(
        ci, "announced_jwks_uri", ci.url.replace("//", "//x@") + KEYS_PATH
    ),
    "keys in a file": lambda ci: setattr(ci, "announced_jwks_uri", "file:///etc/passwd"),
    "keys at the metadata service": lambda ci: setattr(
        ci, "announced_jwks_uri", "http://169.254.169.254/latest"
    ),
    "redirect": _redirects,
    "oversize": lambda ci: setattr(ci, "oversize", True),
    "broken": lambda ci: setattr(ci, "broken_json", True),
    "empty": lambda ci: setattr(ci, "empty", True),
    "not found": lambda ci: setattr(ci, "status", 404),
    "failing": lambda ci: setattr(ci, "status", 503),
    "weak key": lambda ci: setattr(ci, "published", [_weak_key()]),
}


def _weak_key() -> SigningKey:
    return SigningKey("weak", new_key(1024).private_key)


@pytest.mark.parametrize("fault", FAULTS)
def test_without_keys_the_job_is_told_to_come_again(
    ci: LocalIssuer, caplog: pytest.LogCaptureFixture, fault: str
) -> None:
    FAULTS[fault](ci)

    with caplog.at_level(logging.CRITICAL):
        answer = exchange(id_token(ci))

    error = refusal(answer, 503)
    assert (error["code"], error["retryable"]) == ("jwks_unavailable", True)
    assert answer["Retry-After"].endswith("GMT")
    assert "127.0.0.1" not in error["detail"]
    assert KeySetRow.objects.get().error
    assert not PublishToken.objects.exists()


@pytest.mark.parametrize("fault", ["failing", "another issuer", "empty"])
def test_failures_have_the_same_cooldown(ci: LocalIssuer, fault: str) -> None:
    FAULTS[fault](ci)

    for _ in range(5):
        refusal(exchange(id_token(ci)), 503)
    assert fetches(ci) == 1

    ci.heal()
    KeySetRow.objects.update(attempted_at=timezone.now() - timedelta(seconds=61))
    assert exchange(id_token(ci)).status_code == 200


@pytest.mark.parametrize("fault", ["failing", "broken", "empty", "another issuer", "oversize"])
def test_a_failed_refresh_leaves_the_keys_that_were_there(
    ci: LocalIssuer, fault: str, keys_by_the_clock: Callable[[], None]
) -> None:
    exchange(id_token(ci))
    FAULTS[fault](ci)
    age(timedelta(minutes=10))

    keys_by_the_clock()

    assert KeySetRow.objects.get().error
    assert exchange(id_token(ci)).status_code == 200


@pytest.mark.slow
def test_a_slow_issuer_is_not_waited_for(ci: LocalIssuer, settings: LazySettings) -> None:
    settings.KEY_FETCH_SECONDS = 0.2
    ci.slow(0.5)

    assert refusal(exchange(id_token(ci)), 503)["code"] == "jwks_unavailable"


def test_one_unusable_key_does_not_spoil_the_set(ci: LocalIssuer) -> None:
    ci.extra_keys = [{"kty": "oct", "kid": "a", "k": "x"}, {"kid": "b"}, {"kty": "EC", "kid": "c"}]

    assert exchange(id_token(ci)).status_code == 200
    assert [key["kid"] for key in KeySetRow.objects.get().keys] == [ci.key.kid]


def test_a_key_id_that_two_keys_have_is_nobodys(ci: LocalIssuer) -> None:
    twin = {**stranger_key().public_jwk(), "kid": ci.key.kid}
    other = new_key()
    ci.extra_keys = [twin, other.public_jwk()]

    assert refusal(exchange(id_token(ci)), 400)["code"] == "unknown_key"


def test_an_enterprise_has_an_issuer_and_keys_of_its_own(
    ci: LocalIssuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(github, "GITHUB_ISSUER", ci.url)

    answer = exchange(id_token(ci, iss=f"{ci.url}/ferris-inc"))

    assert answer.json()["crates"] == ["tide"]
    assert ci.requests == {f"/ferris-inc{DISCOVERY_PATH}": 1, f"/ferris-inc{KEYS_PATH}": 1}
    assert PublishToken.objects.get().workload["enterprise"] == "ferris-inc"


@pytest.mark.parametrize("slug", ["", "a/b", "a" * 65, "a_b", "é", "..", "a?b", "a#b", "a "])
def test_what_is_no_slug_is_no_enterprise(
    ci: LocalIssuer, monkeypatch: pytest.MonkeyPatch, slug: str
) -> None:
    monkeypatch.setattr(github, "GITHUB_ISSUER", ci.url)

    error = refusal(exchange(id_token(ci, iss=f"{ci.url}/{slug}")), 400)

    assert error["code"] == "unsupported_issuer"
    assert not ci.requests


def test_a_token_of_an_enterprise_is_not_spent_twice_under_two_names(
    ci: LocalIssuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(github, "GITHUB_ISSUER", ci.url)
    exchange(id_token(ci, iss=f"{ci.url}/ferris-inc", jti="one"))

    assert refusal(exchange(id_token(ci, jti="one")), 409)["code"] == "token_reused"


@pytest.mark.usefixtures("standing_clock")
def test_invented_enterprises_do_not_make_us_hammer_the_forge(
    ci: LocalIssuer, monkeypatch: pytest.MonkeyPatch, keys_by_the_clock: Callable[[], None]
) -> None:
    monkeypatch.setattr(github, "GITHUB_ISSUER", ci.url)
    ci.status = 404

    codes = [exchange(id_token(ci, iss=f"{ci.url}/e{n}")).status_code for n in range(30)]

    assert codes.count(503) == keys.NEW_ENTERPRISES_PER_MINUTE
    assert codes[-1] == 429
    assert sum(ci.requests.values()) == codes.count(503)
    keys_by_the_clock()
    assert not KeySetRow.objects.exists()


def test_keys_may_lie_where_an_administrator_says(ci: LocalIssuer) -> None:
    with LocalIssuer(key=ci.key) as keeper:
        ci.announced_jwks_uri = f"{keeper.url.replace('127.0.0.1', 'localhost')}{KEYS_PATH}"
        Issuer.objects.filter(url=ci.url).update(extra_key_hosts=["localhost"])

        assert exchange(id_token(ci)).status_code == 200
        assert keeper.requests == {KEYS_PATH: 1}


def test_an_issuer_with_a_path_is_asked_below_it(ci: LocalIssuer) -> None:
    trusted(ci, path="/_services/token")

    error = refusal(exchange(id_token(ci, iss=f"{ci.url}/_services/token")), 403)

    assert error["code"] == "no_publisher"
    assert ci.requests == {
        f"/_services/token{DISCOVERY_PATH}": 1,
        f"/_services/token{KEYS_PATH}": 1,
    }
