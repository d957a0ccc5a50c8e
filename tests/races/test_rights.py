"""Rights that end at the moment of an exchange or an upload: neither outlives the change."""

from collections.abc import Callable, Iterator
from functools import partial
from threading import Event
from typing import Any

import pytest
from django.db import connection, transaction
from pytest_django import Settings

from accounts.models import User
from accounts.operations.tokens import create_token
from demo.issuer import LocalIssuer
from registry.actors import Person, System
from registry.models import Crate, Ownership, Version
from registry.operations.owners import replace_owners
from registry.operations.quarantine import quarantine_crate
from registry.operations.settings import set_trustpub_only
from tests.ci import exchange, form, id_token, let_found, let_publish, publish_token, trusted
from tests.factories.id_tokens import signing_key
from tests.factories.registry import make_crate
from tests.races.together import at_once
from tests.wire import publish
from trustpub.models import BlockedSource, Issuer, PendingPublisher, PublisherCrate
from trustpub.operations.blocks import block
from trustpub.operations.publisher_states import suspend
from trustpub.operations.publishers import edit_publisher, remove_publisher

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
SHELL = System("tests")


@pytest.fixture(autouse=True)
def _wide_limits(settings: Settings) -> None:
    settings.EXCHANGES_PER_REPOSITORY = settings.FAILED_EXCHANGES_PER_REPOSITORY = 1000


@pytest.fixture
def ci() -> Iterator[LocalIssuer]:
    with LocalIssuer(key=signing_key()) as running:
        yield running


@pytest.fixture
def issuer(transactional_db: None, ci: LocalIssuer) -> Issuer:
    return trusted(ci)


def while_open(change: Callable[[], object], meanwhile: Callable[[], Any]) -> Any:
    """What `meanwhile` returns, which began when `change` was done and not yet committed."""
    changed, over = Event(), Event()

    def work(number: int) -> Any:
        if number == 1:
            assert changed.wait(60)
            try:
                return meanwhile()
            finally:
                over.set()
        with transaction.atomic():
            change()
            changed.set()
            while not over.wait(0.5) and not _somebody_waits_for_us():
                pass
        return None

    return at_once(2, work)[1]


def _somebody_waits_for_us() -> bool:
    """For what is locked here; on SQLite, where only one writes, nobody can tell."""
    if connection.vendor != "postgresql":
        return True
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted"
            " AND pg_backend_pid() = ANY (pg_blocking_pids(pid)))"
        )
        return bool(cursor.fetchone()[0])


@pytest.mark.postgres
def test_row_30_a_token_of_the_moment_of_a_change_does_not_outlive_it(
    alice: User, bob: User, issuer: Issuer, ci: LocalIssuer
) -> None:
    owner = Person(alice)
    changes: dict[str, Callable[[PublisherCrate], object]] = {
        "edited": lambda grant: edit_publisher(
            actor=owner, grant_id=grant.pk, form=form(environment="other")
        ),
        "suspended": lambda grant: suspend(actor=owner, grant_id=grant.pk),
        "removed": lambda grant: remove_publisher(actor=owner, grant_id=grant.pk),
        "hidden": lambda grant: quarantine_crate(actor=SHELL, crate=grant.crate, reason="x"),
        "handed-over": lambda grant: replace_owners(actor=SHELL, crate=grant.crate, logins=["bob"]),
    }
    # One publisher for all of them, and for one that nobody changes.
    grants = {
        name: let_publish(make_crate(name, owner=alice), alice, issuer)
        for name in [*changes, "kept"]
    }
    publish_token(ci)

    for name, change in changes.items():
        answer = while_open(partial(change, grants[name]), lambda: exchange(id_token(ci)))

        token = answer.json()["token"]
        assert publish(token, name, "0.2.0").status_code == 403, name
    assert publish(token, "kept", "0.2.0").status_code == 200
    source = BlockedSource(issuer=issuer, repository_id="702113958", reason="x")
    answer = while_open(lambda: block(actor=SHELL, source=source), lambda: exchange(id_token(ci)))
    assert publish(answer.json()["token"], "kept", "0.3.0").status_code == 403


def test_row_31_an_upload_that_runs_while_the_crate_is_closed_to_api_tokens_is_refused(
    alice: User, issuer: Issuer, ci: LocalIssuer
) -> None:
    tide = make_crate("tide", owner=alice)
    let_publish(tide, alice, issuer)
    personal = create_token(user=alice, name="laptop").text

    answer = while_open(
        lambda: set_trustpub_only(actor=Person(alice), crate=tide, trustpub_only=True),
        lambda: publish(personal, "tide"),
    )

    assert answer.status_code == 403
    assert not Version.objects.exists()


def test_row_36_one_promise_founds_one_crate_under_whichever_spelling(
    alice: User, issuer: Issuer, ci: LocalIssuer
) -> None:
    let_found("fresh-er", alice, issuer)
    tokens = [publish_token(ci) for _ in range(2)]

    answers = at_once(4, lambda n: publish(tokens[n % 2], ("fresh-er", "FRESH_ER")[n // 2]))

    assert [answer.status_code for answer in answers].count(200) == 1
    assert Crate.objects.count() == Ownership.objects.count() == PublisherCrate.objects.count() == 1
    assert not PendingPublisher.objects.exists()
