"""The last moment of an age and the first after it, for the keys of an issuer (reference, a.7)."""

from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import pytest
from django.conf import LazySettings
from django.utils import timezone

from demo.issuer import DISCOVERY_PATH, LocalIssuer
from tests.ci import exchange, id_token
from tests.clock import clock_at
from tests.wire import refusal
from trustpub import keys
from trustpub.models import Issuer, KeySetRow, PublisherCrate

pytestmark = [pytest.mark.usefixtures("grant"), pytest.mark.once]
TICK = timedelta(microseconds=1)


def kept(ci: LocalIssuer, *, fetched_at: datetime, attempted_at: datetime | None = None) -> None:
    """As if its keys had been loaded then, and asked for last at the other time."""
    exchange(id_token(ci))
    KeySetRow.objects.update(fetched_at=fetched_at, attempted_at=attempted_at or fetched_at)
    ci.requests.clear()


@pytest.mark.parametrize(("late", "status"), [(timedelta(0), 200), (TICK, 503)])
def test_keys_serve_for_a_day_to_the_moment(
    ci: LocalIssuer, settings: LazySettings, late: timedelta, status: int
) -> None:
    now = timezone.now()
    kept(ci, fetched_at=now - settings.KEY_SET_HARD_AGE, attempted_at=now)
    ci.status = 500

    with clock_at(now + late):
        assert exchange(id_token(ci)).status_code == status


@pytest.mark.parametrize(("late", "fetches"), [(timedelta(0), 0), (TICK, 1)])
def test_keys_are_renewed_after_their_soft_age(
    ci: LocalIssuer,
    settings: LazySettings,
    django_capture_on_commit_callbacks: Any,
    late: timedelta,
    fetches: int,
) -> None:
    now = timezone.now()
    kept(ci, fetched_at=now - settings.KEY_SET_SOFT_AGE)

    with clock_at(now + late), django_capture_on_commit_callbacks(execute=True):
        assert exchange(id_token(ci)).status_code == 200

    assert ci.requests[DISCOVERY_PATH] == fetches


@pytest.mark.parametrize(("late", "fetches"), [(timedelta(0), 0), (TICK, 1)])
def test_an_unknown_key_is_asked_for_again_after_the_cooldown(
    ci: LocalIssuer, settings: LazySettings, late: timedelta, fetches: int
) -> None:
    now = timezone.now()
    kept(ci, fetched_at=now - settings.KEY_SET_COOLDOWN)
    claims = ci.github_claims("127.0.0.1:8000")

    with clock_at(now + late):
        error = refusal(exchange(ci.sign(claims, headers={"kid": "unheard-of"})), 400)

    assert error["code"] == "unknown_key"
    assert ci.requests[DISCOVERY_PATH] == fetches


def test_a_key_that_nobody_knows_may_be_the_new_one_of_an_issuer_that_is_away(
    ci: LocalIssuer,
) -> None:
    kept(ci, fetched_at=timezone.now() - timedelta(minutes=5))
    ci.rotate()
    ci.status = 500

    # The second is within the cooldown of the first.
    for _ in range(2):
        answer = exchange(id_token(ci))
        assert refusal(answer, 503)["code"] == "jwks_unavailable"
        assert answer["Retry-After"]
    assert ci.requests[DISCOVERY_PATH] == 1

    ci.heal()
    KeySetRow.objects.update(attempted_at=timezone.now() - timedelta(minutes=2))
    assert exchange(id_token(ci)).status_code == 200


def test_the_keys_before_are_kept_for_forensics(ci: LocalIssuer) -> None:
    kept(ci, fetched_at=timezone.now() - timedelta(minutes=5))
    before = KeySetRow.objects.get().keys
    ci.rotate()

    assert exchange(id_token(ci)).status_code == 200

    row = KeySetRow.objects.get()
    assert row.previous_keys == before
    assert (row.error, [key["kid"] for key in row.keys]) == ("", [ci.key.kid])


def test_who_asks_too_soon_is_told_when(ci: LocalIssuer, settings: LazySettings) -> None:
    ci.status = 500
    now = timezone.now().replace(microsecond=0)

    with clock_at(now):
        answer = exchange(id_token(ci))

    refusal(answer, 503)
    told = parsedate_to_datetime(answer["Retry-After"])
    assert told == now + settings.KEY_SET_COOLDOWN


@pytest.mark.parametrize("odd", ["http://127.0.0.1:9/\x00", "http://127.0.0.1:9/ſ", "x\n"])
def test_an_issuer_that_no_row_can_have_is_not_asked_for(odd: str) -> None:
    assert keys.known(odd) is None


def test_an_enterprise_is_forgotten_that_never_had_keys(ci: LocalIssuer) -> None:
    row = Issuer.objects.get(url=ci.url)
    stranger = KeySetRow.objects.create(issuer=row, url=f"{ci.url}/acme")
    mine = KeySetRow.objects.create(issuer=row, url=ci.url)
    long_ago = timezone.now() - timedelta(minutes=20)
    known = KeySetRow.objects.create(issuer=row, url=f"{ci.url}/known", fetched_at=long_ago)

    for each in (stranger, mine, known):
        keys.refresh(each)

    kept = KeySetRow.objects.order_by("pk")
    assert [each.url for each in kept] == [mine.url, known.url]
    assert all(each.fetched_at and each.fetched_at > long_ago for each in kept)


def test_keys_on_another_port_of_the_host_are_none_of_the_issuers(
    grant: PublisherCrate, ci: LocalIssuer
) -> None:
    """They would verify: only where they are tells that they are not to be used."""
    with LocalIssuer(key=ci.key) as elsewhere:
        ci.announced_jwks_uri = elsewhere.jwks_uri

        error = refusal(exchange(id_token(ci)), 503)

        assert error["code"] == "jwks_unavailable"
        assert not elsewhere.requests
