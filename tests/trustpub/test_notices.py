"""What the clock tells people, once or once a day (reference, g.1)."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core import mail
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts import audit
from accounts.models import AuditEvent, User
from registry.actors import System
from registry.models import Crate, VersionAction
from tests.factories.registry import make_crate, make_version
from tests.factories.trustpub import (
    make_issuer,
    make_pending,
    make_publisher,
    make_refusal,
    make_workload,
)
from trustpub.models import Issuer, KeySetRow, Notice, Publisher, PublishToken
from trustpub.operations.notices import BEFORE_PENDING_EXPIRES, UNUSED, notify

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
Told = Callable[..., list[Any]]


@pytest.fixture
def now(db: None) -> datetime:
    return timezone.now()


@pytest.fixture
def told(django_capture_on_commit_callbacks: Any, now: datetime) -> Told:
    """The letters of one run; each run is started twice, which must make no difference."""

    def told(at: datetime | None = None) -> list[Any]:
        mail.outbox.clear()
        for _ in range(2):
            with django_capture_on_commit_callbacks(execute=True):
                notify(at or now)
        return list(mail.outbox)

    return told


@pytest.fixture
def tide(alice: User) -> Crate:
    return make_crate("tide", owner=alice)


@pytest.fixture
def issuer(db: None) -> Issuer:
    return make_issuer()


def test_where_nothing_happens_nobody_is_told(tide: Crate, issuer: Issuer, told: Told) -> None:
    make_publisher(tide, issuer, pinned_at=timezone.now())

    assert told() == []


def test_a_pending_publisher_is_remembered_five_days_before(
    alice: User, issuer: Issuer, now: datetime, told: Told
) -> None:
    registered = {"owner": alice, "issuer": issuer, "created_at": now - 20 * DAY}
    make_pending("later", expires_at=now + BEFORE_PENDING_EXPIRES + HOUR, **registered)
    make_pending("gone", expires_at=now - HOUR, **registered)
    make_pending(
        "short", owner=alice, issuer=issuer, created_at=now - HOUR, expires_at=now + 2 * DAY
    )
    make_pending("soon", expires_at=now + BEFORE_PENDING_EXPIRES - HOUR, **registered)

    [letter] = told()

    assert letter.to == ["alice@example.com"]
    assert letter.subject == "The pending publisher of soon expires soon"
    assert f"expires on {now + BEFORE_PENDING_EXPIRES - HOUR:%Y-%m-%d}" in letter.body
    assert AuditEvent.objects.get(name="pending.reminded").crate == "soon"
    assert told() == []


def test_an_unpinned_publisher_is_told_before_and_after_it_lapses(
    tide: Crate, issuer: Issuer, now: datetime, told: Told
) -> None:
    grant = make_publisher(tide, issuer, repository_id="", pin_before=now + 3 * DAY)
    assert told() == []

    assert [letter.subject for letter in told(now + DAY + HOUR)] == [
        "A trusted publisher of tide lapses soon"
    ]
    Publisher.objects.update(state=Publisher.State.EXPIRED)
    assert [letter.subject for letter in told(now + 4 * DAY)] == [
        "A trusted publisher of tide has lapsed"
    ]
    assert grant.publisher


@pytest.mark.parametrize("used", [None, UNUSED + DAY])
def test_one_that_nobody_uses_is_pointed_out(
    tide: Crate, issuer: Issuer, now: datetime, told: Told, used: timedelta | None
) -> None:
    last = {"last_used_at": now - used} if used else {}
    make_publisher(tide, issuer, created_at=now - 2 * UNUSED, pinned_at=now, **last)

    [letter] = told()

    assert letter.subject == "A trusted publisher of tide is not used"
    assert ("the last time on" in letter.body) == bool(used)


def test_what_was_told_costs_nothing_again(
    alice: User, issuer: Issuer, now: datetime, told: Told, django_assert_max_num_queries: Any
) -> None:
    notify(now)
    with CaptureQueriesContext(connection) as empty:
        notify(now)
    for number in range(5):
        old = {"created_at": now - 2 * UNUSED, "pinned_at": now}
        form = {"environment": f"place-{number}"}
        make_publisher(make_crate(f"tide-{number}", owner=alice), issuer, form=form, **old)
    assert len(told()) == 5

    with django_assert_max_num_queries(len(empty) + 3):
        notify(now)


def test_refused_jobs_are_told_once_a_day(
    tide: Crate, bob: User, issuer: Issuer, now: datetime, told: Told
) -> None:
    make_publisher(tide, issuer)
    make_publisher(make_crate("other", owner=bob), make_issuer())
    for _ in range(3):
        make_refusal(issuer, at=now - HOUR)
    make_refusal(issuer, at=now - HOUR, code="event_not_allowed")
    make_refusal(issuer, at=now - HOUR, workload={"repository_id": "999"})

    [letter] = told()

    assert letter.to == ["alice@example.com"]
    assert letter.subject == "CI jobs of tide were refused"
    assert "1 x event_not_allowed\n    3 x publisher_mismatch" in letter.body
    assert told(now + HOUR) == [] or (now + HOUR).date() != now.date()
    assert told(now + 2 * DAY) == []
    assert not Notice.objects.filter(at__lt=now - 2 * DAY).exists()


def test_an_environment_that_is_not_asked_for_is_told_once(
    tide: Crate, issuer: Issuer, now: datetime, told: Told
) -> None:
    grant = make_publisher(tide, issuer, form={"environment": None})
    for number, environment in enumerate(("release", "release", None)):
        PublishToken.objects.create(
            digest=f"{number:064}",
            issuer=issuer,
            workload=make_workload(environment=environment).as_dict(),
            replay_key="x",
            issued_at=now - HOUR,
            expires_at=now,
            grant_ids=[grant.pk],
        )

    [letter] = told()

    assert "ran in the environment release" in letter.body


def test_an_api_token_is_told_once_where_ci_could_publish(
    tide: Crate, alice: User, bob: User, issuer: Issuer, told: Told
) -> None:
    plain = make_crate("plain", owner=alice)
    make_publisher(tide, issuer)
    for crate in (tide, plain):
        for num in ("1.0.0", "1.0.1"):
            VersionAction.objects.create(
                version=make_version(crate, num),
                user=alice,
                api_token_id=7,
                action=VersionAction.Action.PUBLISH,
            )

    [letter] = told()

    assert letter.subject.startswith("tide")
    assert "alice published" in letter.body
    # Who publishes for a team owns the crate through it alone.
    version = make_version(tide, "1.0.2")
    action = VersionAction.Action.PUBLISH
    VersionAction.objects.create(version=version, user=bob, api_token_id=8, action=action)
    letters = told()
    assert sorted(letter.to[0] for letter in letters) == ["alice@example.com", "bob@example.com"]
    assert all("bob published tide@1.0.2" in letter.body for letter in letters)


@pytest.fixture
def administrator(alice: User) -> User:
    alice.is_superuser = True
    alice.save()
    return alice


def test_administrators_hear_of_keys_that_stay_away(
    administrator: User, bob: User, issuer: Issuer, now: datetime, told: Told
) -> None:
    row = KeySetRow.objects.create(
        issuer=issuer, url=issuer.url, error="no answer", fetched_at=now - HOUR / 2
    )
    assert told() == []
    row.fetched_at = now - 2 * HOUR
    row.save()

    [letter] = told()

    assert letter.to == ["alice@example.com"]
    assert "no answer" in letter.body
    assert AuditEvent.objects.get(name="issuer.keys_failed").after == {"error": "no answer"}


def test_administrators_hear_of_keys_that_changed(administrator: User, told: Told) -> None:
    for before in ([], ["old"]):
        audit.record(
            "issuer.keys_changed",
            actor=System("key refresh"),
            subject="https://ci.example",
            before={"key_ids": before},
            after={"key_ids": ["new"]},
        )

    [letter] = told()

    assert "before: old\n    now:    new" in letter.body
