"""ID tokens, pins and first publishes at the same moment (reference, threats 10, 19 and 36)."""

import hashlib
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from pytest_django import Settings

from accounts.models import AuditEvent, User
from demo.issuer import DISCOVERY_PATH, LocalIssuer
from registry.models import Crate, Ownership, Version
from tests.ci import (
    TOKENS,
    exchange,
    form,
    id_token,
    let_found,
    let_publish,
    publish_token,
    trusted,
    unpinned,
)
from tests.factories.archives import build_crate
from tests.factories.id_tokens import signing_key
from tests.factories.registry import make_crate
from tests.races.together import at_once
from tests.wire import publish, send
from trustpub.models import (
    Issuer,
    KeySetRow,
    PendingPublisher,
    Publisher,
    PublisherCrate,
    PublishToken,
    SpentIdToken,
)

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


@pytest.fixture(autouse=True)
def _wide_limits(settings: Settings) -> None:
    """What is tested here is the database, which the limits would spare the most of it."""
    settings.EXCHANGES_PER_REPOSITORY = settings.FAILED_EXCHANGES_PER_REPOSITORY = 1000
    settings.KEY_WAITERS = 20


@pytest.fixture
def ci() -> Iterator[LocalIssuer]:
    with LocalIssuer(key=signing_key()) as running:
        yield running


@pytest.fixture
def issuer(transactional_db: None, ci: LocalIssuer) -> Issuer:
    return trusted(ci)


def statuses(answers: list[Any]) -> Counter[int]:
    return Counter(answer.status_code for answer in answers)


def codes(answers: list[Any]) -> set[str]:
    return {a.json()["errors"][0]["code"] for a in answers if a.status_code != 200}


def test_row_10_an_id_token_is_exchanged_once(alice: User, issuer: Issuer, ci: LocalIssuer) -> None:
    let_publish(make_crate("tide", owner=alice), alice, issuer)
    jwt = id_token(ci)

    answers = at_once(20, lambda _: exchange(jwt))

    assert statuses(answers) == {200: 1, 409: 19}
    assert codes(answers) == {"token_reused"}
    assert PublishToken.objects.count() == SpentIdToken.objects.count() == 1
    # Nobody had the keys yet, and still they were fetched once for all.
    assert ci.requests[DISCOVERY_PATH] == 1


def test_a_new_key_serves_everybody_who_waits_for_it(
    alice: User, issuer: Issuer, ci: LocalIssuer
) -> None:
    let_publish(make_crate("tide", owner=alice), alice, issuer)
    publish_token(ci)
    ci.rotate()
    KeySetRow.objects.update(attempted_at=None)
    ci.slow(0.2)

    answers = at_once(4, lambda _: exchange(id_token(ci)))

    assert statuses(answers) == {200: 4}
    assert ci.requests[DISCOVERY_PATH] == 2


def test_an_issuer_that_fails_is_asked_once_by_all(
    alice: User, issuer: Issuer, ci: LocalIssuer
) -> None:
    ci.status = 500

    answers = at_once(8, lambda _: exchange(id_token(ci)))

    assert statuses(answers) == {503: 8}
    assert ci.requests[DISCOVERY_PATH] == 1


def test_row_19_two_repositories_cannot_both_pin_a_publisher(
    alice: User, issuer: Issuer, ci: LocalIssuer
) -> None:
    let_publish(make_crate("tide", owner=alice), alice, issuer, unpinned())
    tokens = [id_token(ci), id_token(ci, repository_id="999", repository_owner_id="31")]

    answers = at_once(2, lambda n: exchange(tokens[n]))

    assert statuses(answers) == {200: 1, 403: 1}
    assert codes(answers) == {"identity_changed"}
    winner = next(n for n, answer in enumerate(answers) if answer.status_code == 200)
    assert Publisher.objects.get().repository_id == ["702113958", "999"][winner]


def test_row_36_of_two_first_publishes_one_founds_the_crate(
    alice: User, bob: User, issuer: Issuer, ci: LocalIssuer
) -> None:
    let_found("fresh-er", alice, issuer)
    let_found("FRESH_ER", bob, issuer, form(workflow_filename="other.yml"))
    where = "ferris-labs/tidepool/.github/workflows/other.yml@refs/tags/v1.4.0"
    tokens = [
        publish_token(ci),
        publish_token(ci, claims={"workflow_ref": where, "job_workflow_ref": where}),
    ]

    answers = at_once(2, lambda n: publish(tokens[n], ("fresh-er", "FRESH_ER")[n]))

    assert statuses(answers) == {200: 1, 409: 1}
    assert Crate.objects.count() == Ownership.objects.count() == PublisherCrate.objects.count() == 1
    assert not PendingPublisher.objects.exists()
    # What the loser wrote is rolled back, and yet that it lost is an event.
    assert AuditEvent.objects.filter(name="pending.conflict").count() == 1


def test_one_token_founds_a_crate_once(alice: User, issuer: Issuer, ci: LocalIssuer) -> None:
    let_found("fresh", alice, issuer)
    token = publish_token(ci)

    answers = at_once(6, lambda n: publish(token, "fresh"))

    found = statuses(answers)
    assert found[200] == 1
    assert found[400] + found[403] + found[409] == 5
    assert PublisherCrate.objects.count() == 1


def test_removing_a_publisher_during_an_upload_leaves_no_halves(
    alice: User, issuer: Issuer, ci: LocalIssuer
) -> None:
    from registry.actors import Person
    from trustpub.operations.publishers import remove_publisher

    grant = let_publish(make_crate("tide", owner=alice), alice, issuer)
    token = publish_token(ci)

    def work(number: int) -> int:
        if number:
            return int(publish(token, "tide", f"0.{number}.0").status_code)
        remove_publisher(actor=Person(alice), grant_id=grant.pk)
        return 204

    found = at_once(5, work)

    assert set(found) <= {200, 204, 403}
    assert publish(token, "tide", "9.0.0").status_code == 403


def test_a_bound_token_is_good_for_one_of_many_uploads(
    alice: User, issuer: Issuer, ci: LocalIssuer
) -> None:
    let_publish(make_crate("tide", owner=alice), alice, issuer)
    crate = build_crate("tide", "1.2.3")
    checksum = hashlib.sha256(crate).hexdigest()
    token = publish_token(ci, bind={"name": "tide", "vers": "1.2.3", "cksum": checksum})

    answers = at_once(6, lambda _: publish(token, "tide", "1.2.3", crate=crate))

    assert statuses(answers)[200] == 1
    assert codes(answers) <= {"version_exists", "invalid_publish_token"}
    assert PublishToken.objects.get().use_count == 1


def test_an_upload_with_a_token_that_is_revoked_meanwhile_is_whole_or_nothing(
    alice: User, issuer: Issuer, ci: LocalIssuer
) -> None:
    let_publish(make_crate("tide", owner=alice), alice, issuer)
    token = publish_token(ci)

    def work(number: int) -> Any:
        if number:
            return publish(token, "tide", f"0.{number}.0")
        return send("DELETE", TOKENS, token)

    answers = at_once(4, work)

    assert set(statuses(answers)) <= {200, 204, 403}
    assert PublishToken.objects.get().use_count == statuses(answers)[200]
    assert Version.objects.count() == statuses(answers)[200]


def test_a_person_cannot_register_more_than_the_limit_at_once(
    alice: User, issuer: Issuer, settings: Any
) -> None:
    settings.PENDING_PUBLISHERS_PER_USER = 3

    def work(number: int) -> bool:
        try:
            let_found(f"fresh-{number}", alice, issuer)
        except Exception:  # noqa: BLE001 - counted below
            return False
        return True

    assert at_once(6, work).count(True) == 3
    assert PendingPublisher.objects.count() == 3


def test_uploads_and_exchanges_of_one_publisher_do_not_block_each_other(
    alice: User, issuer: Issuer, ci: LocalIssuer
) -> None:
    for name in ("tide", "shore"):
        let_publish(make_crate(name, owner=alice), alice, issuer)
    token = publish_token(ci)

    def work(number: int) -> Any:
        if number % 2:
            return exchange(id_token(ci))
        return publish(token, ("tide", "shore")[number % 4 // 2], f"1.{number}.0")

    for turn in range(3):
        answers = at_once(8, lambda n, start=turn * 8: work(start + n))  # type: ignore[misc]
        assert statuses(answers) == {200: 8}


def test_first_uploads_and_exchanges_of_one_workflow_do_not_block_each_other(
    alice: User, issuer: Issuer, ci: LocalIssuer
) -> None:
    let_publish(make_crate("tide", owner=alice), alice, issuer)
    for number in range(6):
        let_found(f"new-{number}", alice, issuer)
    token = publish_token(ci)

    def work(number: int) -> Any:
        return exchange(id_token(ci)) if number % 2 else publish(token, f"new-{number // 2}")

    assert statuses(at_once(12, work)) == {200: 12}
    assert PublisherCrate.objects.count() == 7
    # The token has kept its right on each crate that it founded.
    for number in range(6):
        assert publish(token, f"new-{number}", "0.2.0").status_code == 200


def test_row_30_a_suspension_and_uploads_at_once_leave_no_right_behind(
    alice: User, issuer: Issuer, ci: LocalIssuer
) -> None:
    from registry.actors import Person
    from trustpub.operations.publisher_states import suspend

    grants = [
        let_publish(make_crate(name, owner=alice), alice, issuer) for name in ("tide", "shore")
    ]
    token = publish_token(ci)

    def work(number: int) -> int:
        if number == 0:
            suspend(actor=Person(alice), grant_id=grants[0].pk)
            return 204
        if number == 1:
            return int(exchange(id_token(ci)).status_code)
        return int(publish(token, "tide", f"0.{number}.0").status_code)

    assert set(at_once(6, work)) <= {200, 204, 403}
    assert publish(token, "tide", "9.0.0").status_code == 403
    assert exchange(id_token(ci)).json()["crates"] == ["shore"]


def test_row_17_a_transfer_is_confirmed_once(alice: User, issuer: Issuer, ci: LocalIssuer) -> None:
    from accounts.errors import Refusal
    from registry.actors import Person
    from trustpub.operations.publisher_states import confirm

    grant = let_publish(make_crate("tide", owner=alice), alice, issuer)
    Publisher.objects.update(
        state=Publisher.State.AWAITING,
        proposed={
            "repository": "new-owner/tidepool",
            "repository_id": "702113958",
            "repository_owner_id": "31",
        },
    )

    def work(_: int) -> bool:
        try:
            confirm(actor=Person(alice), grant_id=grant.pk)
        except Refusal:
            return False
        return True

    assert any(at_once(4, work))
    publisher = Publisher.objects.get()
    assert (publisher.repository_owner_id, publisher.state) == ("31", Publisher.State.ACTIVE)
    assert publisher.grants.count() == 1
