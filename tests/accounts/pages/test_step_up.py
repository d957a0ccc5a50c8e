"""A stolen session is not enough for what gives others power."""

import time
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from accounts.models import AuditEvent, User
from accounts.step_up import PROVED_AT
from registry.models import Crate
from tests.factories.registry import make_crate
from tests.factories.trustpub import make_issuer
from trustpub.models import PendingPublisher, PublisherCrate

pytestmark = pytest.mark.django_db

TOKEN = {"name": "laptop", "scopes": ["publish-update"], "patterns": "", "expiry": "90"}


@pytest.fixture
def crate(alice: User) -> Crate:
    return make_crate("tide", owner=alice)


@pytest.fixture
def stale(client: Client, alice: User, settings: Settings) -> Client:
    """Alice's browser, the day after she signed in."""
    settings.DEV_LOGIN = True
    client.force_login(alice)
    session = client.session
    session[PROVED_AT] = int(time.time() - timedelta(days=1).total_seconds())
    session.save()
    return client


def publisher_form() -> dict[str, Any]:
    return {
        "issuer": make_issuer().pk,
        "repository_owner": "octo",
        "repository_name": "hello",
        "workflow_filename": "release.yml",
        "repository_id": "74",
        "repository_owner_id": "65",
    }


CHANGES = [
    ("/settings/tokens/new", lambda: TOKEN),
    ("/crates/tide/settings/owners/add", lambda: {"login": "bob"}),
    ("/crates/tide/settings/publishers/new", publisher_form),
    ("/settings/publishers/new", lambda: {**publisher_form(), "names": "tide-new"}),
    ("/settings/email", lambda: {"email": "thief@example.org"}),
    ("/settings/second-factor/passkeys/add", dict),
    ("/settings/data/export", dict),
    ("/settings/data/delete", lambda: {"login": "alice"}),
]


@pytest.mark.parametrize(("path", "form"), CHANGES, ids=[path for path, _ in CHANGES])
def test_it_is_held_up_until_somebody_proved_who_they_are(
    stale: Client, crate: Crate, bob: User, path: str, form: Any
) -> None:
    answer = stale.post(path, form())

    assert answer["Location"] == "/confirm-identity"
    assert not PublisherCrate.objects.exists()
    assert not PendingPublisher.objects.exists()
    assert not crate.is_owned_by(bob)
    assert User.objects.get(login="alice").verified_email() == "alice@example.com"
    assert not User.objects.get(login="alice").api_tokens.exists()


def test_making_a_token_anew_is_held_up_too(stale: Client, alice: User, alice_token: str) -> None:
    token = alice.api_tokens.get()

    answer = stale.post(f"/settings/tokens/{token.pk}/regenerate")

    assert answer["Location"] == "/confirm-identity"
    assert alice.api_tokens.get().revoked_at is None


def test_afterwards_one_click_goes_on_with_all_that_was_sent(stale: Client, alice: User) -> None:
    stale.post("/settings/tokens/new", {**TOKEN, "scopes": ["yank", "publish-new"]})

    stale.post("/confirm-identity")
    done = stale.get("/confirm-identity/done")

    assert done.context["path"] == "/settings/tokens/new"
    sent = [tuple(pair) for pair in done.context["fields"]]
    assert ("scopes", "yank") in sent
    assert ("scopes", "publish-new") in sent
    assert 'action="/settings/tokens/new"' in done.content.decode()
    assert not alice.api_tokens.exists()
    # Once: it is not kept for whoever comes later.
    assert stale.get("/confirm-identity/done")["Location"] == "/dashboard"


def test_a_copy_of_the_cookie_gains_nothing_by_the_proof(stale: Client) -> None:
    thief = Client()
    thief.cookies["sessionid"] = stale.cookies["sessionid"].value

    stale.post("/confirm-identity")

    assert stale.post("/settings/tokens/new", TOKEN).status_code == 200
    assert thief.get("/settings/tokens")["Location"].startswith("/sign-in")


def test_a_form_that_is_too_large_is_not_kept_in_part(stale: Client) -> None:
    stale.post("/settings/tokens/new", {**TOKEN, "patterns": "x" * 30_000})

    stale.post("/confirm-identity")

    assert stale.get("/confirm-identity/done").context["fields"] == []


def test_the_api_holds_another_address_up_too(stale: Client, alice: User) -> None:
    address = f"/api/v1/users/{alice.pk}"
    wanted = {"user": {"email": "thief@example.org"}}

    answer = stale.put(address, wanted, content_type="application/json")

    assert answer.json()["errors"][0]["code"] == "reauthentication_required"
    assert alice.verified_email() == "alice@example.com"


def test_without_a_proof_nothing_goes_on(stale: Client) -> None:
    stale.post("/settings/tokens/new", TOKEN)

    assert stale.get("/confirm-identity/done")["Location"] == "/confirm-identity"


def test_looking_and_taking_power_away_is_not_held_up(
    stale: Client, alice: User, alice_token: str, crate: Crate
) -> None:
    token = alice.api_tokens.get()

    assert stale.get("/settings/tokens/new").status_code == 200
    assert stale.get("/crates/tide/settings/publishers/new").status_code == 200
    assert stale.post(f"/settings/tokens/{token.pk}/revoke")["Location"] == "/settings/tokens"


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("put", "/api/v1/me/tokens", {"api_token": {"name": "laptop"}}),
        ("put", "/api/v1/crates/tide/owners", {"owners": ["bob"]}),
        ("patch", "/api/v1/crates/tide", {"crate": {"trustpub_only": False}}),
        (
            "post",
            "/api/v1/trusted_publishing/github_configs",
            {
                "github_config": {
                    "crate": "tide",
                    "repository_owner": "octo",
                    "repository_name": "hello",
                    "workflow_filename": "release.yml",
                }
            },
        ),
    ],
)
def test_the_api_asks_browsers_and_says_where(
    stale: Client, crate: Crate, bob: User, method: str, path: str, body: object
) -> None:
    Crate.objects.update(trustpub_only=True)

    answer = getattr(stale, method)(path, body, content_type="application/json")

    (error,) = answer.json()["errors"]
    assert (answer.status_code, error["code"]) == (403, "reauthentication_required")
    assert "/confirm-identity" in error["detail"]
    assert Crate.objects.get().trustpub_only
    assert not crate.is_owned_by(bob)


def test_the_api_asks_nothing_of_tokens(
    client: Client, crate: Crate, bob: User, alice_token: str
) -> None:
    answer = client.put(
        "/api/v1/crates/tide/owners",
        {"owners": ["bob"]},
        content_type="application/json",
        headers={"authorization": alice_token},
    )

    assert answer.status_code == 200
    assert crate.invitations.filter(invitee=bob).exists()


def test_the_password_of_an_administrator_is_a_proof(
    stale: Client, alice: User, settings: Settings
) -> None:
    settings.DEV_LOGIN = False
    alice.set_password("right")
    alice.save()
    stale.force_login(alice)
    session = stale.session
    session[PROVED_AT] = 0
    session.save()

    wrong = stale.post("/confirm-identity", {"password": "wrong"})
    right = stale.post("/confirm-identity", {"password": "right"})

    assert wrong.status_code == 400
    assert "This is not your password." in wrong.content.decode()
    assert right["Location"] == "/confirm-identity/done"
    names = AuditEvent.objects.filter(name__startswith="session.conf").values_list(
        "name", flat=True
    )
    assert list(names) == ["session.confirmation_failed", "session.confirmed"]


@pytest.mark.usefixtures("standing_clock")
def test_passwords_cannot_be_tried_for_long(stale: Client, alice: User) -> None:
    alice.set_password("right")
    alice.save()
    stale.force_login(alice)

    statuses = [
        stale.post("/confirm-identity", {"password": str(number)}).status_code
        for number in range(11)
    ]

    assert statuses == [400] * 10 + [429]


def test_a_click_is_no_proof_where_nobody_signs_in_by_one(
    stale: Client, settings: Settings
) -> None:
    settings.DEV_LOGIN = False

    assert stale.post("/confirm-identity").status_code == 404
    assert "Ask the operator" in stale.get("/confirm-identity").content.decode()


def test_a_proof_wears_off(stale: Client, settings: Settings) -> None:
    stale.post("/confirm-identity")
    assert stale.post("/settings/tokens/new", TOKEN).status_code == 200

    settings.STEP_UP_LIFETIME = timedelta(0)

    assert stale.post("/settings/tokens/new", TOKEN)["Location"] == "/confirm-identity"


@pytest.mark.parametrize("stored", [None, "soon", 2**40])
def test_what_is_no_time_of_the_past_is_no_proof(stale: Client, stored: object) -> None:
    session = stale.session
    session[PROVED_AT] = stored
    session.save()

    assert stale.post("/settings/tokens/new", TOKEN)["Location"] == "/confirm-identity"


@pytest.mark.usefixtures("standing_clock")
def test_attempts_to_sign_in_are_counted_by_address(client: Client, settings: Settings) -> None:
    settings.SIGN_INS_PER_ADDRESS = 2

    answers = [client.post("/admin/login/", {"username": "x", "password": "y"}) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert "Too many attempts to sign in" in answers[-1].content.decode()
    assert client.get("/admin/login/").status_code == 200
