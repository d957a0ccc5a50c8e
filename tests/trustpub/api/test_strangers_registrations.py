"""What somebody gains by registering another's workflow, and by spoiling another's refusals."""

import json
from typing import Any

import pytest
from django.conf import LazySettings

from accounts.models import AuditEvent, User
from demo.issuer import LocalIssuer
from registry.actors import Person
from registry.models import Crate
from tests.ci import exchange, form, id_token, let_found, let_publish, publish_token, unpinned
from tests.factories.registry import make_crate
from tests.wire import nothing_happens, publish, refusal
from trustpub.models import ExchangeRefusal, Issuer, Publisher, PublisherCrate
from trustpub.operations.declare import Wanted, declare

OLD = {"iat": 1787400000, "nbf": 1787400000, "exp": 1787400300}


def owners_of(name: str) -> list[str]:
    return [owner.login for owner in Crate.objects.get(name=name).ownerships.all()]


# --- Pending publishers for another's workflow ---


def test_a_stranger_does_not_wait_for_the_next_member_of_a_workspace(
    grant: PublisherCrate, bob: User, issuer: Issuer, ci: LocalIssuer
) -> None:
    publish(publish_token(ci), "tide")
    let_found("tide-macros", bob, issuer)

    answer = exchange(id_token(ci)).json()

    assert (answer["crates"], answer["new_crates"]) == (["tide"], [])
    with nothing_happens():
        refusal(publish(answer["token"], "tide-macros"), 403)


def test_an_owner_of_the_workspace_does(
    grant: PublisherCrate, alice: User, bob: User, issuer: Issuer, ci: LocalIssuer
) -> None:
    publish(publish_token(ci), "tide")
    let_found("tide-macros", bob, issuer)
    let_found("tide-macros", alice, issuer)

    publish(publish_token(ci), "tide-macros")

    assert owners_of("tide-macros") == ["alice"]


def test_a_strangers_crate_does_not_keep_owners_out(
    bob: User, alice: User, issuer: Issuer, ci: LocalIssuer
) -> None:
    let_publish(make_crate("reef", owner=bob), bob, issuer)
    let_found("fresh", alice, issuer)

    publish(publish_token(ci), "fresh")

    assert owners_of("fresh") == ["alice"]


@pytest.mark.parametrize("claim", ["actor_id", "repository_owner_id"])
def test_who_owns_the_repository_or_runs_the_job_comes_before_who_was_first(
    alice: User, bob: User, issuer: Issuer, ci: LocalIssuer, settings: LazySettings, claim: str
) -> None:
    settings.GITHUB_URL, settings.GITHUB_API_URL = issuer.web_url, "http://127.0.0.1:9"
    let_found("fresh", bob, issuer, unpinned())
    let_found("fresh", alice, issuer, unpinned())

    publish(publish_token(ci, claims={claim: str(alice.github_id)}), "fresh")

    assert owners_of("fresh") == ["alice"]


def test_elsewhere_the_first_one_does(
    alice: User, bob: User, issuer: Issuer, ci: LocalIssuer
) -> None:
    let_found("fresh", bob, issuer, unpinned())
    let_found("fresh", alice, issuer, unpinned())

    # Numbers of another forge say nothing about our people.
    publish(publish_token(ci, claims={"actor_id": str(alice.github_id)}), "fresh")

    assert owners_of("fresh") == ["bob"]


# --- A publisher with invented numbers ---


@pytest.fixture
def spoiler(bob: User, issuer: Issuer, grant: PublisherCrate) -> PublisherCrate:
    """Bob's crate names Alice's workflow, with numbers that are not the repository's."""
    ids = {"repository_id": "1", "repository_owner_id": "2"}
    return let_publish(make_crate("reef", owner=bob), bob, issuer, form(**ids))


def test_it_takes_nothing_away(spoiler: PublisherCrate, ci: LocalIssuer) -> None:
    assert exchange(id_token(ci)).json()["crates"] == ["tide"]


def test_it_does_not_hide_what_differs(spoiler: PublisherCrate, ci: LocalIssuer) -> None:
    error = refusal(exchange(id_token(ci, environment="test")), 403)

    assert error["code"] == "publisher_mismatch"
    assert not Publisher.objects.exclude(state=Publisher.State.ACTIVE).exists()


def test_a_declared_list_stays_what_it_is(
    spoiler: PublisherCrate, alice: User, tide: Crate, issuer: Issuer
) -> None:
    found = declare(
        actor=Person(alice), crates=[tide], wanted=[Wanted(tide, issuer, form())], dry_run=True
    )

    assert (len(found.added), len(found.removed), len(found.kept)) == (0, 0, 1)


# --- Old tokens that somebody found ---


def test_an_old_token_writes_one_event_however_often_it_is_sent(
    grant: PublisherCrate, ci: LocalIssuer
) -> None:
    old = id_token(ci, **OLD)

    for _ in range(5):
        refusal(exchange(old), 400)

    assert ExchangeRefusal.objects.get().count == 5
    assert AuditEvent.objects.filter(name="exchange.refused").count() == 1


@pytest.mark.usefixtures("standing_clock")
def test_the_limit_of_an_address_comes_before_anything_is_kept(
    grant: PublisherCrate, ci: LocalIssuer, settings: LazySettings
) -> None:
    settings.EXCHANGES_PER_ADDRESS = 1
    refusal(exchange(id_token(ci, **OLD)), 400)

    refusal(exchange(id_token(ci, **OLD)), 429)

    assert ExchangeRefusal.objects.get().count == 1


@pytest.mark.usefixtures("standing_clock")
def test_one_network_of_ipv6_is_one_address(
    grant: PublisherCrate, ci: LocalIssuer, settings: LazySettings, client: Any
) -> None:
    settings.EXCHANGES_PER_ADDRESS = 1

    def sent_from(address: str) -> Any:
        body = json.dumps({"jwt": id_token(ci)})
        path = "/api/v1/trusted_publishing/tokens"
        return client.post(path, body, "application/json", REMOTE_ADDR=address).status_code

    assert sent_from("2001:db8::1") == 200
    assert sent_from("2001:db8::2:3") == 429
    assert sent_from("2001:db8:0:1::1") == 200
    assert sent_from("::ffff:192.0.2.1") == 200
    assert sent_from("::ffff:192.0.2.2") == 200
    assert sent_from("192.0.2.1") == 429
