"""Taking one's data away, and leaving."""

import json
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.core import mail
from django.test import Client

from accounts.models import ApiToken, AuditEvent, User
from accounts.operations.people import Shell, create_user
from accounts.operations.second_factor import (
    add_second_factor,
    new_secret,
    reset_second_factor,
)
from accounts.operations.tokens import create_token
from registry.actors import Person
from registry.models import Follow, Ownership, Version
from registry.operations.invitations import answer_invitation
from tests.codes import code_now
from tests.factories.registry import make_crate, make_invitation, make_version
from tests.factories.trustpub import make_pending

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _signed_in(client: Client, alice: User) -> None:
    client.force_login(alice)


def export(client: Client) -> dict[str, Any]:
    answer = client.post("/settings/data/export")
    assert answer["Content-Disposition"] == 'attachment; filename="waybill-alice.json"'
    assert "no-store" in answer["Cache-Control"]
    found: dict[str, Any] = json.loads(answer.getvalue())
    return found


def test_the_file_holds_everything_of_ones_own_and_no_secret(
    client: Client, alice: User, bob: User
) -> None:
    tide = make_crate("tide", owner=alice)
    make_version(tide, published_by=alice)
    make_crate("reef", owner=bob)
    make_pending("pool", alice)
    Follow.objects.create(user=alice, crate=tide)
    created = create_token(user=alice, name="laptop", patterns=["tide-*"])
    create_token(user=bob, name="bobs")
    key = {"name": "my phone", "credential": {"rawId": "raw id of the key"}}
    Authenticator.objects.create(user=alice, type="webauthn", data=key)

    data = export(client)

    assert data["account"]["login"] == "alice"
    assert data["email_addresses"] == [
        {"email": "alice@example.com", "verified": True, "primary": True}
    ]
    assert [token["name"] for token in data["api_tokens"]] == ["laptop"]
    assert [factor["data__name"] for factor in data["second_factors"]] == ["my phone"]
    assert "raw id of the key" not in json.dumps(data)
    assert [crate["crate__name"] for crate in data["owned_crates"]] == ["tide"]
    assert [crate["crate__name"] for crate in data["followed_crates"]] == ["tide"]
    assert [version["num"] for version in data["published_versions"]] == ["1.0.0"]
    assert [pending["crate_name"] for pending in data["pending_publishers"]] == ["pool"]
    assert "token.created" in [event["name"] for event in data["events"]]
    text = json.dumps(data)
    assert created.text not in text
    assert created.token.digest not in text
    assert client.cookies["sessionid"].value not in text
    assert "reef" not in text
    assert "bobs" not in text


def test_an_empty_account_is_well_formed_too(client: Client) -> None:
    assert export(client)["owned_crates"] == []


def test_taking_it_away_needs_a_post(client: Client) -> None:
    assert client.get("/settings/data/export").status_code == 405
    assert client.get("/settings/data/delete").status_code == 405


def test_who_owns_a_crate_alone_cannot_leave(client: Client, alice: User, bob: User) -> None:
    make_crate("tide", owner=alice)
    shared = make_crate("shared", owner=alice)
    Ownership.objects.create(crate=shared, user=bob)

    page = client.get("/settings/data").content.decode()
    answer = client.post("/settings/data/delete", {"login": "alice"})

    assert 'href="/crates/tide/settings"' in page
    assert answer.status_code == 409
    assert "You are the only person who owns tide." in answer.content.decode()
    assert "shared" not in answer.content.decode()
    assert User.objects.filter(login="alice").exists()


def test_it_wants_to_have_the_login_typed(client: Client) -> None:
    answer = client.post("/settings/data/delete", {"login": "bob"})

    assert answer.status_code == 400
    assert "Type alice to confirm." in answer.content.decode()
    assert User.objects.filter(login="alice").exists()


def test_what_was_published_stays_without_the_name(
    client: Client,
    alice: User,
    bob: User,
    django_capture_on_commit_callbacks: Any,
) -> None:
    tide = make_crate("tide", owner=bob)
    Ownership.objects.create(crate=tide, user=alice, created_by=bob)
    make_version(tide, published_by=alice)
    token = create_token(user=alice, name="laptop").token
    AuditEvent.objects.create(
        name="version.published",
        actor_kind="api_token",
        actor_id=str(token.pk),
        actor_label="alice (token laptop)",
        crate="tide",
        subject="tide 1.0.0",
        address="192.0.2.1",
    )
    number = alice.pk
    mail.outbox.clear()

    with django_capture_on_commit_callbacks(execute=True):
        answer = client.post("/settings/data/delete", {"login": "alice"})

    assert answer["Location"] == "/account-deleted"
    assert "Your account is deleted" in client.get("/account-deleted").content.decode()
    assert client.get("/settings/profile").status_code == 302
    assert not User.objects.filter(pk=number).exists()
    assert not EmailAddress.objects.filter(email="alice@example.com").exists()
    assert not ApiToken.objects.exists()
    assert Version.objects.get().published_by is None
    published = AuditEvent.objects.get(name="version.published")
    assert (published.actor_label, published.address) == (f"deleted account {number}", None)
    assert published.subject == "tide 1.0.0"
    kept = AuditEvent.objects.values_list("actor_label", "subject", "before", "after")
    assert not [event for event in kept if "alice" in str(event)]
    letters = {letter.to[0]: letter.subject for letter in mail.outbox}
    assert letters == {
        "alice@example.com": "Your account alice was deleted",
        "bob@example.com": "alice left tide",
    }


@pytest.mark.usefixtures("standing_clock")
def test_no_event_keeps_the_name(client: Client, alice: User, bob: User) -> None:
    secret = new_secret()
    add_second_factor(user=alice, secret=secret, code=code_now(secret))
    reset_second_factor(actor=Shell("tests"), user=alice, reason="alice called")
    reef = make_crate("reef", owner=bob)
    Ownership.objects.create(crate=reef, user=alice)
    for login, accepted in (("carol", True), ("dave", False), ("erin", None)):
        invitee = create_user(actor=Shell("tests"), login=login, email=f"{login}@example.com")
        make_invitation(reef, invitee, alice)
        if accepted is not None:
            answer_invitation(actor=Person(invitee), crate_id=reef.pk, accepted=accepted)
    before = AuditEvent.objects.count()

    client.post("/settings/data/delete", {"login": "alice"})

    kept = AuditEvent.objects.values_list("name", "actor_label", "subject", "before", "after")
    assert len(kept) > before
    assert not [event for event in kept if "alice" in str(event)]


def test_the_name_is_free_and_opens_nothing_of_before(client: Client, alice: User) -> None:
    client.post("/settings/data/delete", {"login": "alice"})

    again = User.objects.create(login="alice", github_id=101)
    client.force_login(again)

    assert "Nothing yet." in client.get("/settings/log").content.decode()
