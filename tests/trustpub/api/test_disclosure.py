"""Stable ids decide who is shown what a publisher expects; a name can be taken over (a.11)."""

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from demo.issuer import LocalIssuer
from registry.actors import Person
from registry.models import Crate
from tests.ci import IDS, exchange, form, id_token, let_found, let_publish, unpinned
from tests.factories.registry import make_crate
from tests.wire import refusal
from trustpub.models import ExchangeRefusal, Issuer, PendingPublisher, Publisher, PublisherCrate
from trustpub.operations.publishers import add_publisher


def test_a_taken_name_shows_nothing_that_its_publisher_expects(
    alice: User, tide: Crate, issuer: Issuer, ci: LocalIssuer
) -> None:
    let_publish(tide, alice, issuer, unpinned(environment="vault-eu"))

    error = refusal(exchange(id_token(ci, environment="test")), 403)

    assert error["code"] == "publisher_mismatch"
    assert error["publishers"] == [{"differences": [{"field": "environment", "received": "test"}]}]
    assert "differs from the job in: environment (the job has `test`)." in error["detail"]
    assert "vault-eu" not in str(error)
    assert "release.yml" not in str(error)
    # Its owners see both sides.
    [kept] = ExchangeRefusal.objects.get().differences
    assert kept["label"] == str(Publisher.objects.get())
    assert kept["differences"][0]["expected"] == "vault-eu"


def test_a_rule_for_the_name_alone_is_not_shown_beside_ones_own(
    grant: PublisherCrate, bob: User, issuer: Issuer, ci: LocalIssuer
) -> None:
    let_found("fresh", bob, issuer, unpinned(environment="of-a-stranger"))

    error = refusal(exchange(id_token(ci, environment="test")), 403)

    [own] = error["publishers"]
    assert own["differences"][0]["expected"] == "release"
    assert "of-a-stranger" not in str(error)
    assert len(ExchangeRefusal.objects.get().differences) == 2


def test_a_rule_that_knows_the_owner_shows_what_it_expects(
    alice: User, tide: Crate, issuer: Issuer, ci: LocalIssuer
) -> None:
    let_publish(tide, alice, issuer, form(repository_id=None))

    error = refusal(exchange(id_token(ci, environment="test")), 403)

    assert error["publishers"][0]["differences"][0]["expected"] == "release"


def test_a_wrong_event_at_a_taken_name_shows_the_usual_ones(
    alice: User, tide: Crate, issuer: Issuer, ci: LocalIssuer
) -> None:
    rules = {"events": ["release"]}
    add_publisher(actor=Person(alice), crate=tide, issuer=issuer, form=unpinned(), rules=rules)

    error = refusal(exchange(id_token(ci, event_name="schedule")), 403)

    assert error["code"] == "event_not_allowed"
    assert error["publishers"] == [{"differences": [{"field": "event", "received": "schedule"}]}]
    assert "workflow_dispatch" in error["detail"]


def test_the_ids_of_a_repository_are_not_told_to_one_that_has_its_name(
    grant: PublisherCrate, ci: LocalIssuer
) -> None:
    job = id_token(ci, repository_id="31", repository_owner_id="32")

    error = refusal(exchange(job), 403)

    assert error["code"] == "identity_changed"
    assert IDS["repository_id"] not in str(error)
    assert IDS["repository_owner_id"] not in str(error)
    assert IDS["repository_id"] in str(ExchangeRefusal.objects.get().differences)
    moved = refusal(exchange(id_token(ci, repository_owner_id="32")), 403)
    assert moved["publishers"][0]["differences"][0]["expected"] == IDS["repository_owner_id"]


# --- Words ---


def state_told(ci: LocalIssuer) -> str:
    error = refusal(exchange(id_token(ci)), 403)
    assert error["code"] == "publisher_suspended"
    [told] = error["publishers"]
    assert told["state"] in error["detail"]
    return str(told["state"])


def test_a_publisher_that_grants_nothing_is_told_by_its_state(
    grant: PublisherCrate, ci: LocalIssuer
) -> None:
    past = timezone.now() - timedelta(days=1)
    found = []
    for changes in (
        {"state": Publisher.State.SUSPENDED},
        {"state": Publisher.State.AWAITING},
        {"state": Publisher.State.EXPIRED},
        {"state": Publisher.State.ACTIVE, "pin_before": past},
    ):
        Publisher.objects.update(**changes)
        found.append(state_told(ci))
    Publisher.objects.update(pin_before=None)
    PublisherCrate.objects.update(needs_consent=True)

    assert found == ["it is suspended", "it waits for an owner", "it is expired", "it has lapsed"]
    assert state_told(ci).startswith("it waits for an owner of the crate to confirm it")


def test_a_pending_publisher_that_grants_nothing_is_told_by_its_state(
    alice: User, issuer: Issuer, ci: LocalIssuer
) -> None:
    let_found("fresh", alice, issuer)

    PendingPublisher.objects.update(suspended_at=timezone.now())
    assert state_told(ci) == "whoever registered it has suspended it"
    PendingPublisher.objects.update(suspended_at=None)
    User.objects.update(locked_at=timezone.now())
    assert state_told(ci).startswith("the account that registered it")


@pytest.mark.parametrize(("environment", "shown"), [("prod", "prod"), (None, None), ("", None)])
def test_a_job_that_nobody_knows_is_told_its_own_claims_and_where_to_go(
    grant: PublisherCrate, ci: LocalIssuer, environment: str | None, shown: str | None
) -> None:
    home = "octo/hello/.github/workflows/ci.yml@refs/tags/v1.4.0"
    token = id_token(
        ci,
        repository="octo/hello",
        repository_owner="octo",
        repository_id="74",
        repository_owner_id="65",
        workflow_ref=home,
        job_workflow_ref=home,
        environment=environment,
    )

    error = refusal(exchange(token), 403)

    assert error["claims"] == {
        "issuer": grant.publisher.issuer.url,
        "repository": "octo/hello",
        "workflow": "ci.yml",
        "environment": shown,
        "event": "push",
    }
    query = parse_qs(urlsplit(error["add_publisher"]).query, keep_blank_values=True)
    assert query["environment"] == [shown or ""]
    assert query["workflow"] == ["ci.yml"]


def test_the_sentence_about_what_a_job_lacks_reads_well(
    grant: PublisherCrate, ci: LocalIssuer
) -> None:
    error = refusal(exchange(id_token(ci, environment=None)), 403)

    assert "requires an environment (`release`), the job has none" in error["detail"]


def test_who_names_the_same_workflow_sees_nothing_that_others_expect_of_it(
    client: Client, alice: User, bob: User, tide: Crate, issuer: Issuer, ci: LocalIssuer
) -> None:
    let_publish(tide, alice, issuer, form(environment="vault-eu"))
    let_publish(make_crate("moon", owner=bob), bob, issuer, form(environment="b-side"))
    refusal(exchange(id_token(ci, environment="test")), 403)

    pages = {}
    for person, crate in ((alice, "tide"), (bob, "moon")):
        client.force_login(person)
        pages[crate] = client.get(f"/crates/{crate}/settings").content.decode()

    assert "vault-eu" in pages["tide"]
    assert "b-side" not in pages["tide"]
    assert "b-side" in pages["moon"]
    assert "vault-eu" not in pages["moon"]
