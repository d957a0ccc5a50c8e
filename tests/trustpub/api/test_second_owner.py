"""What opens a protected crate needs two of its owners (reference, g.3 and threat 32)."""

from datetime import timedelta
from typing import Any

import pytest
from django.conf import LazySettings
from django.core import mail
from django.utils import timezone

from accounts.models import AuditEvent, User
from accounts.operations.tokens import create_token
from demo.issuer import LocalIssuer
from registry.models import Crate, Ownership
from tests.ci import exchange, form, id_token, let_publish, publish_token
from tests.clock import clock_at
from tests.factories.registry import make_owner
from tests.wire import publish, refusal, send
from trustpub.models import Issuer, OpeningRequest, PublisherCrate

TIDE = "/api/v1/crates/tide"
CONFIGS = "/api/v1/trusted_publishing/github_configs"
DAY = timedelta(hours=24)


def token_of(person: User) -> str:
    scopes = ["trusted-publishing", "publish-update", "change-owners"]
    return create_token(user=person, name="laptop", scopes=scopes).text


@pytest.fixture
def alice_token(alice: User) -> str:
    return token_of(alice)


@pytest.fixture
def bob_token(bob: User) -> str:
    return token_of(bob)


@pytest.fixture
def charlie_token(charlie: User) -> str:
    return token_of(charlie)


@pytest.fixture
def shut(tide: Crate, bob: User) -> Crate:
    """Alice's and Bob's for years, and protected since yesterday."""
    make_owner(tide, bob)
    Ownership.objects.update(created_at=timezone.now() - 400 * DAY)
    Crate.objects.update(trustpub_only=True, trustpub_only_since=timezone.now() - 2 * DAY)
    tide.refresh_from_db()
    return tide


def ask(token: str, *, state: bool = False) -> Any:
    answer = send("PATCH", TIDE, token, {"crate": {"trustpub_only": state}})
    assert answer.status_code == 200, answer.content
    return answer


def ends_at(crate: Crate) -> object:
    crate.refresh_from_db()
    return crate.trustpub_only_ends_at


def agree(token: str, grant: PublisherCrate) -> Any:
    return send("POST", f"{CONFIGS}/{grant.pk}/agree", token)


# --- Letting API tokens publish again ---


def test_one_owner_does_not_open_it(
    shut: Crate, alice_token: str, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        assert ask(alice_token).json()["crate"]["trustpub_only"] is True
        ask(alice_token)

    assert ends_at(shut) is None
    with clock_at(timezone.now() + 30 * DAY):
        refusal(publish(alice_token, "tide"), 403)
    assert AuditEvent.objects.filter(name="crate.trustpub_only.asked").count() == 1
    receivers = sorted(address for letter in mail.outbox for address in letter.to)
    assert receivers == ["alice@example.com", "bob@example.com"]


def test_a_second_owner_agrees_and_then_it_takes_a_day(
    shut: Crate, alice_token: str, bob_token: str
) -> None:
    ask(alice_token)
    ask(bob_token)

    assert ends_at(shut) is not None
    assert not OpeningRequest.objects.exists()
    refusal(publish(alice_token, "tide"), 403)
    with clock_at(timezone.now() + DAY):
        assert publish(alice_token, "tide").status_code == 200


def test_any_owner_calls_it_off(shut: Crate, alice_token: str, bob_token: str) -> None:
    ask(alice_token)
    ask(bob_token, state=True)

    assert not OpeningRequest.objects.exists()
    assert AuditEvent.objects.filter(name="crate.trustpub_only.kept").exists()
    ask(bob_token)
    assert ends_at(shut) is None


def test_an_owner_made_for_the_occasion_does_not_count(
    shut: Crate, alice_token: str, bob: User, charlie: User, charlie_token: str
) -> None:
    make_owner(shut, charlie)

    ask(alice_token)
    ask(charlie_token)

    assert ends_at(shut) is None


def test_removing_the_other_owner_first_gains_nothing_for_a_day(
    shut: Crate, alice_token: str
) -> None:
    removed = send("DELETE", f"{TIDE}/owners", alice_token, {"owners": ["bob"]})
    assert removed.status_code == 200

    ask(alice_token)
    assert ends_at(shut) is None

    with clock_at(timezone.now() + DAY + timedelta(minutes=1)):
        ask(alice_token)
        assert ends_at(shut) is not None
    assert not OpeningRequest.objects.exists()


def test_who_owns_it_alone_and_operators_who_want_it_so_wait_the_day_only(
    shut: Crate, alice_token: str, settings: LazySettings
) -> None:
    settings.SECOND_OWNER_CONSENT = False

    ask(alice_token)

    assert ends_at(shut) is not None


def test_the_page_asks_the_other_owner(
    shut: Crate, alice_token: str, alice: User, bob: User, client: Any
) -> None:
    ask(alice_token)
    page = "/crates/tide/settings"

    client.force_login(alice)
    alices = client.get(page).content.decode()
    client.force_login(bob)
    bobs = client.get(page).content.decode()

    assert "alice asks to let API tokens publish again" in alices
    assert "I agree" not in alices
    assert "I agree" in bobs


# --- Publishers of a protected crate ---


def test_a_new_publisher_waits_for_another_owner_too(
    shut: Crate, alice: User, alice_token: str, bob_token: str, issuer: Issuer, ci: LocalIssuer
) -> None:
    grant = let_publish(shut, alice, issuer)
    assert grant.needs_consent
    assert grant.active_from is not None
    jwt = id_token(ci)

    # The day is over, and nobody has agreed.
    PublisherCrate.objects.update(active_from=timezone.now())
    assert refusal(exchange(jwt), 403)["code"] == "publisher_suspended"
    refusal(agree(alice_token, grant), 403)
    assert agree(bob_token, grant).status_code == 200

    refusal(agree(bob_token, grant), 409)
    assert exchange(jwt).status_code == 200
    assert AuditEvent.objects.get(name="publisher.agreed").actor_label.startswith("bob")


def test_a_wider_rule_waits_and_its_tokens_die(
    tide: Crate, alice: User, alice_token: str, bob: User, issuer: Issuer, ci: LocalIssuer
) -> None:
    grant = let_publish(tide, alice, issuer)
    token = publish_token(ci)
    make_owner(tide, bob)
    Crate.objects.update(trustpub_only=True, trustpub_only_since=timezone.now() - 2 * DAY)
    body = {"github_config": {"environment": None}}

    assert send("PATCH", f"{CONFIGS}/{grant.pk}", alice_token, body).status_code == 200

    refusal(publish(token, "tide"), 403)
    grant.refresh_from_db()
    assert grant.needs_consent


def test_a_stricter_rule_waits_for_nobody(
    tide: Crate, alice: User, alice_token: str, bob: User, issuer: Issuer, ci: LocalIssuer
) -> None:
    grant = let_publish(tide, alice, issuer)
    make_owner(tide, bob)
    Crate.objects.update(trustpub_only=True, trustpub_only_since=timezone.now() - 2 * DAY)
    body = {"github_config": {"rules": {"refs": "tags"}}}

    assert send("PATCH", f"{CONFIGS}/{grant.pk}", alice_token, body).status_code == 200

    grant.refresh_from_db()
    assert not grant.needs_consent


def test_where_nothing_is_protected_nobody_waits(
    tide: Crate, alice: User, bob: User, issuer: Issuer, ci: LocalIssuer
) -> None:
    make_owner(tide, bob)

    assert not let_publish(tide, alice, issuer).needs_consent
    assert exchange(id_token(ci)).status_code == 200


def test_the_card_says_so_and_offers_it(
    shut: Crate, alice: User, bob: User, issuer: Issuer, client: Any
) -> None:
    grant = let_publish(shut, alice, issuer, form())
    client.force_login(bob)

    page = client.get("/crates/tide/settings").content.decode()

    assert "Waits for another owner" in page
    assert f"/crates/tide/settings/publishers/{grant.pk}/agree" in page
