"""How many publishes and yanks pass in a row, and what is said to the next one."""

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from accounts.models import AuditEvent, User
from accounts.operations.tokens import create_token
from registry.actors import System
from registry.errors import TooManyChanges
from registry.models import Crate, LimitedAction, LimitOverride, RateBucket, Version
from registry.operations import rate_limits
from registry.operations.rate_limits import delete_full_buckets, take_token
from tests.accounts.deeds import do, preview
from tests.factories.registry import make_owner
from tests.wire import nothing_happens, publish, refusal, send

START = datetime(2026, 8, 21, 10, 0, 0, 250_000, UTC)
SECOND = timedelta(seconds=1)
YANK = "/api/v1/crates/demo-crate/0.1.0/yank"
UNYANK = "/api/v1/crates/demo-crate/0.1.0/unyank"


class Clock:
    def __init__(self) -> None:
        self.now_is = START

    def now(self) -> datetime:
        return self.now_is


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(rate_limits, "timezone", clock)
    return clock


@pytest.fixture(autouse=True)
def _small_limits(settings: Settings) -> None:
    settings.RATE_LIMITS = {
        "publish-new": (2, 600),
        "publish-update": (3, 60),
        "yank-unyank": (3, 60),
    }


# --- The arithmetic ---


@pytest.mark.parametrize(
    ("tokens", "seconds", "left", "refilled_after", "passes"),
    [
        (5, 0, 4, 0, True),
        (2, 0, 1, 0, True),
        (1, 0, 0, 0, False),
        (0, 0, 0, 0, False),
        (0, 9, 0, 0, False),
        # The call that finds one token due has it.
        (0, 10, 1, 10, True),
        (1, 10, 1, 10, True),
        (3, 25, 4, 20, True),
        (5, 100, 5, 100, True),
        (0, 1000, 5, 1000, True),
        # An override that ended leaves no more than the ordinary burst.
        (50, 0, 5, 0, True),
        # A clock that was set back takes nothing away.
        (3, -100, 2, 0, True),
    ],
)
def test_a_bucket_refills_in_whole_steps(
    tokens: int, seconds: int, left: int, refilled_after: int, passes: bool
) -> None:
    bucket = RateBucket(tokens=tokens, refilled_at=START)

    passed = bucket.take(burst=5, refill=10 * SECOND, now=START + seconds * SECOND)

    assert (passed, bucket.tokens) == (passes, left)
    assert bucket.refilled_at == START + refilled_after * SECOND


# --- Publishing ---


def test_new_crates_pass_up_to_the_burst(alice_token: str, clock: Clock) -> None:
    for name in ("one", "two"):
        assert publish(alice_token, name).status_code == 200

    with nothing_happens():
        answer = publish(alice_token, "three")
    error = refusal(answer, 429)

    assert error["code"] == "rate_limited"
    assert error["detail"] == (
        "You have published too many new crates in a short period of time. Please try again "
        "after Fri, 21 Aug 2026 10:10:00 GMT, or ask an administrator of this registry for a "
        "higher limit."
    )
    assert answer["Retry-After"] == "Fri, 21 Aug 2026 10:10:00 GMT"


def test_it_passes_at_the_time_that_was_said(alice_token: str, clock: Clock) -> None:
    for name in ("one", "two"):
        publish(alice_token, name)
    said = parsedate_to_datetime(publish(alice_token, "three")["Retry-After"])

    clock.now_is = said - SECOND
    refusal(publish(alice_token, "three"), 429)
    clock.now_is = said
    assert publish(alice_token, "three").status_code == 200
    refusal(publish(alice_token, "four"), 429)


def test_updates_have_a_bucket_of_their_own(alice_token: str, clock: Clock) -> None:
    publish(alice_token, "one", "0.1.0")
    for patch in range(1, 4):
        assert publish(alice_token, "one", f"0.1.{patch}").status_code == 200

    error = refusal(publish(alice_token, "one", "0.1.4"), 429)

    assert error["detail"].startswith(
        "You have published too many updates to existing crates in a short period of time."
    )
    assert publish(alice_token, "two").status_code == 200


def test_every_person_has_their_own(alice_token: str, bob_token: str) -> None:
    for name in ("one", "two"):
        publish(alice_token, name)

    refusal(publish(alice_token, "three"), 429)
    assert publish(bob_token, "three").status_code == 200


def test_all_tokens_of_a_person_share_one(alice: User, alice_token: str) -> None:
    other = create_token(user=alice, name="other").text
    for name in ("one", "two"):
        publish(alice_token, name)

    refusal(publish(other, "three"), 429)


def test_a_failed_publish_counts(alice_token: str) -> None:
    for _ in range(2):
        refusal(publish(alice_token, "one", crate=b"no archive"), 400)

    refusal(publish(alice_token, "one"), 429)


def test_what_is_refused_before_does_not_count(alice: User, alice_token: str) -> None:
    limited = create_token(user=alice, name="ci", scopes=["yank"]).text
    for _ in range(5):
        refusal(publish(limited, "one"), 403)
        refusal(publish(alice_token, "1-one"), 400)

    assert not RateBucket.objects.exists()
    assert publish(alice_token, "one").status_code == 200


def test_it_is_decided_before_the_archive_is_read(alice_token: str) -> None:
    for name in ("one", "two"):
        publish(alice_token, name)

    refusal(publish(alice_token, "three", crate=b"no archive"), 429)


# --- Overrides ---


@pytest.mark.parametrize(
    ("expires", "passes"), [(None, True), (timedelta(days=1), True), (-SECOND, False)]
)
def test_somebody_may_have_a_larger_burst(
    alice: User, alice_token: str, expires: timedelta | None, passes: bool
) -> None:
    LimitOverride.objects.create(
        user=alice,
        action=LimitedAction.PUBLISH_NEW,
        burst=3,
        expires_at=expires and timezone.now() + expires,
        reason="moves a workspace here",
    )
    for name in ("one", "two"):
        publish(alice_token, name)

    assert (publish(alice_token, "three").status_code == 200) == passes
    refusal(publish(alice_token, "four"), 429)


def test_an_override_is_for_one_person_and_one_action(
    alice: User, bob_token: str, alice_token: str
) -> None:
    LimitOverride.objects.create(user=alice, action=LimitedAction.PUBLISH_UPDATE, burst=99)
    for token in (alice_token, bob_token):
        for number in range(2):
            publish(token, f"crate-{token[-5:].lower()}-{number}".replace("_", "-"))

    refusal(publish(alice_token, "three"), 429)
    refusal(publish(bob_token, "three"), 429)


@pytest.fixture
def admin(alice: User) -> Client:
    User.objects.filter(pk=alice.pk).update(is_staff=True, is_superuser=True)
    client = Client()
    client.force_login(User.objects.get(pk=alice.pk), "django.contrib.auth.backends.ModelBackend")
    return client


def test_moderators_give_a_larger_burst_and_it_is_an_event(admin: Client, bob: User) -> None:
    form: dict[str, Any] = {"action": "publish-new", "burst": "50", "until": "2999-01-01"}

    do(admin, User, "limit", [bob], **form, reason="imports")

    override = LimitOverride.objects.get()
    assert (override.user, override.burst) == (bob, 50)
    event = AuditEvent.objects.get(name="user.limit_changed")
    assert (event.actor_label, event.subject) == ("alice", "bob")
    assert event.after["expires_at"] == "2999-01-01T00:00:00+00:00"
    assert event.after["reason"] == "imports"


def test_a_burst_of_nothing_is_refused(admin: Client, bob: User) -> None:
    form = {"action": "publish-new", "burst": "0"}

    assert preview(admin, User, "limit", [bob], **form).status_code == 400
    assert not LimitOverride.objects.exists()


def test_taking_it_away_is_an_event(admin: Client, bob: User) -> None:
    row = LimitOverride.objects.create(user=bob, action="publish-new", burst=9, reason="x")

    do(admin, LimitOverride, "end", [row])

    assert not LimitOverride.objects.exists()
    assert AuditEvent.objects.filter(name="user.limit_changed").exists()


# --- Yanking ---


def test_yanks_and_unyanks_share_a_bucket(alice_token: str, clock: Clock) -> None:
    publish(alice_token)
    for method, path in (("DELETE", YANK), ("PUT", UNYANK), ("DELETE", YANK)):
        assert send(method, path, alice_token).status_code == 200

    with nothing_happens():
        answer = send("PUT", UNYANK, alice_token)
    error = refusal(answer, 429)

    assert error["detail"].startswith(
        "You have yanked or unyanked too many versions in a short period of time. "
        "Please try again after Fri, 21 Aug 2026 10:01:00 GMT"
    )
    assert answer["Retry-After"] == "Fri, 21 Aug 2026 10:01:00 GMT"


def test_yanking_in_vain_counts_for_who_tries(
    alice_token: str, charlie_token: str, clock: Clock
) -> None:
    publish(alice_token)
    for _ in range(3):
        refusal(send("DELETE", YANK, charlie_token), 403)

    refusal(send("DELETE", YANK, charlie_token), 429)
    assert send("DELETE", YANK, alice_token).status_code == 200


def test_a_token_without_the_scope_does_not_count(alice: User, alice_token: str) -> None:
    publish(alice_token)
    limited = create_token(user=alice, name="ci", scopes=["publish-update"]).text

    for _ in range(5):
        refusal(send("DELETE", YANK, limited), 403)

    assert not RateBucket.objects.filter(action=LimitedAction.YANK_UNYANK).exists()


# --- Versions of one crate ---


def test_a_crate_has_so_many_new_versions_a_day(
    alice_token: str, bob: User, bob_token: str, settings: Settings
) -> None:
    settings.MAX_NEW_VERSIONS_DAILY = 2
    for patch in range(2):
        assert publish(alice_token, "one", f"0.1.{patch}").status_code == 200
    make_owner(Crate.objects.get(name="one"), bob)

    for token in (alice_token, bob_token):
        with nothing_happens():
            error = refusal(publish(token, "one", "0.1.2"), 429)
        assert error["detail"].startswith(
            "You have published too many versions of this crate in the last 24 hours."
        )
    assert publish(alice_token, "two").status_code == 200


def test_there_is_room_when_the_oldest_is_a_day_old(alice_token: str, settings: Settings) -> None:
    settings.MAX_NEW_VERSIONS_DAILY = 2
    for patch in range(2):
        publish(alice_token, "one", f"0.1.{patch}")
    oldest = timezone.now().replace(microsecond=0) - timedelta(hours=23)
    Version.objects.filter(num="0.1.0").update(created_at=oldest)

    answer = publish(alice_token, "one", "0.1.2")
    refusal(answer, 429)
    assert parsedate_to_datetime(answer["Retry-After"]) == oldest + timedelta(days=1)

    Version.objects.filter(num="0.1.0").update(created_at=oldest - timedelta(hours=1))
    assert publish(alice_token, "one", "0.1.2").status_code == 200


# --- The rest ---


def test_the_operator_has_no_limit(alice: User) -> None:
    system = System("import", on_behalf_of=alice)

    for _ in range(9):
        take_token(system, LimitedAction.PUBLISH_NEW, "one")

    assert not RateBucket.objects.exists()


def test_full_buckets_are_deleted(db: None) -> None:
    now = timezone.now()
    for subject, age in (("full", 1201), ("filling", 1190)):
        RateBucket.objects.create(
            subject=subject, action="publish-new", tokens=0, refilled_at=now - age * SECOND
        )

    assert delete_full_buckets() == 1
    assert RateBucket.objects.get().subject == "filling"


def test_the_refusal_says_when_to_come_back() -> None:
    refused = TooManyChanges("Too much.", START)

    assert refused.headers == {"Retry-After": "Fri, 21 Aug 2026 10:00:00 GMT"}
