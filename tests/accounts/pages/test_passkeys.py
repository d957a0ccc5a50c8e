"""Passkeys on pages: added, asked for at the sign-in and as a proof, removed."""

import re
from typing import Any

import pytest
from allauth.mfa.models import Authenticator as Factor
from django.core import mail
from django.core.cache import cache
from django.core.management import CommandError, call_command
from django.test import Client
from pytest_django import Settings

from accounts.models import AuditEvent, User
from demo.github_server import FakeGitHub
from tests.accounts.pages.test_github_sign_in import github, sign_in
from tests.accounts.pages.test_second_factor import TOKEN, make_stale, with_factor
from tests.authenticator import Authenticator

__all__ = ["github"]

pytestmark = pytest.mark.django_db

ADD = "/settings/second-factor/passkeys/add"
ORIGIN = "https://reg.example"


@pytest.fixture(autouse=True)
def _address(settings: Settings) -> None:
    settings.PUBLIC_ORIGIN = ORIGIN
    settings.PASSKEY_HOST = "reg.example"
    cache.clear()


@pytest.fixture
def key() -> Authenticator:
    return Authenticator(ORIGIN)


def add(client: Client, key: Authenticator, name: str = "laptop") -> Any:
    options = client.post(ADD).context["options"]
    return client.post(ADD, {"name": name, "passkey": key.create(options)})


def with_passkey(user: User, key: Authenticator) -> None:
    browser = Client()
    browser.force_login(user)
    assert add(browser, key).status_code in {200, 302}


def test_it_is_added_by_name_and_the_first_brings_recovery_codes(
    client: Client, alice: User, key: Authenticator, django_capture_on_commit_callbacks: Any
) -> None:
    client.force_login(alice)

    with django_capture_on_commit_callbacks(execute=True):
        first = add(client, key, " Alice's \n phone ")
        add(client, Authenticator(ORIGIN), "O'Key")
        second = add(client, Authenticator(ORIGIN), "")

    assert len(re.findall(r"\b\d{8}\b", first.content.decode())) == 10
    assert "no-store" in first["Cache-Control"]
    assert second["Location"] == "/settings/second-factor"
    page = client.get("/settings/second-factor").content.decode()
    assert "Alice&#x27;s phone" in page
    assert "You have 10 recovery codes left" in page
    assert [letter.subject for letter in mail.outbox] == [
        "The second factor of your account was added",
        "The second factor of your account was extended by the passkey O'Key",
        "The second factor of your account was extended by the passkey Passkey",
    ]
    assert AuditEvent.objects.filter(name="second_factor.passkey_added").count() == 3


def test_administrators_see_that_there_is_one_and_no_more(
    client: Client, alice: User, key: Authenticator
) -> None:
    User.objects.filter(pk=alice.pk).update(is_staff=True, is_superuser=True)
    with_passkey(alice, key)
    client.force_login(alice)
    row = Factor.objects.get(type="webauthn")

    pages = [
        client.get(address).content.decode()
        for address in ("/admin/mfa/authenticator/", f"/admin/mfa/authenticator/{row.pk}/change/")
    ]

    for page in pages:
        assert "WebAuthn" in page
        assert row.data["credential"]["rawId"] not in page


def test_who_is_not_fresh_proves_it_before_the_passkey_is_made(client: Client, alice: User) -> None:
    client.force_login(alice)
    make_stale(client)

    assert client.post(ADD)["Location"] == "/confirm-identity"


def test_one_answer_is_taken_to_each_question(
    client: Client, alice: User, key: Authenticator
) -> None:
    client.force_login(alice)
    answer = key.create(client.post(ADD).context["options"])
    wrong = client.post(ADD, {"passkey": "{}"})

    late = client.post(ADD, {"passkey": answer})

    assert (wrong.status_code, late.status_code) == (400, 400)
    assert "Start once more." in late.content.decode()
    assert not Factor.objects.exists()


def test_an_answer_that_took_too_long_is_not_taken(
    client: Client, alice: User, key: Authenticator
) -> None:
    client.force_login(alice)
    answer = key.create(client.post(ADD).context["options"])
    session = client.session
    session["passkey_asked"] = {**session["passkey_asked"], "until": 0}
    session.save()

    assert client.post(ADD, {"passkey": answer}).status_code == 400


def test_the_same_passkey_is_not_added_twice(
    client: Client, alice: User, key: Authenticator
) -> None:
    client.force_login(alice)
    add(client, key)

    again = add(client, key)

    assert again.status_code == 400
    assert "has that passkey already" in again.content.decode()


@pytest.mark.parametrize("name", ["x" * 41, "a\0b", "a\u202eb"])
def test_a_name_that_will_not_do_is_refused(
    client: Client, alice: User, key: Authenticator, name: str
) -> None:
    client.force_login(alice)

    assert add(client, key, name).status_code == 400


def test_where_browsers_keep_none_nobody_is_offered_any(
    client: Client, alice: User, settings: Settings
) -> None:
    settings.PASSKEY_HOST = None
    client.force_login(alice)

    page = client.get("/settings/second-factor").content.decode()

    assert "Add a passkey" not in page
    assert "Browsers keep passkeys only for registries with an" in page
    assert client.post(ADD).status_code == 404


def test_the_sign_in_stops_for_it(client: Client, github: FakeGitHub, key: Authenticator) -> None:
    sign_in(Client())
    with_passkey(User.objects.get(), key)

    stopped = sign_in(client, next="/settings/tokens")
    question = client.get("/second-factor").context["question"]
    stranger = client.post("/second-factor", {"passkey": Authenticator(ORIGIN).get(question)})
    before = client.get("/settings/profile")
    done = client.post("/second-factor", {"passkey": key.get(stranger.context["question"])})

    assert stopped["Location"] == "/second-factor"
    assert stranger.status_code == 400
    assert "could not be used" in stranger.content.decode()
    assert before["Location"].startswith("/sign-in")
    assert done["Location"] == "/settings/tokens"
    assert AuditEvent.objects.filter(name="second_factor.refused").count() == 1
    assert Factor.objects.get(type="webauthn").last_used_at is not None


def test_an_answer_that_was_seen_opens_nothing(github: FakeGitHub, key: Authenticator) -> None:
    sign_in(Client())
    with_passkey(User.objects.get(), key)
    first, second = Client(), Client()
    for browser in (first, second):
        sign_in(browser)
    answer = key.get(first.get("/second-factor").context["question"])
    second.get("/second-factor")

    assert second.post("/second-factor", {"passkey": answer}).status_code == 400
    assert first.post("/second-factor", {"passkey": answer}).status_code == 302
    assert first.post("/second-factor", {"passkey": answer})["Location"] == "/sign-in"


def test_a_copy_is_refused_and_its_owner_hears_of_it(
    github: FakeGitHub, key: Authenticator, django_capture_on_commit_callbacks: Any
) -> None:
    sign_in(Client())
    user = User.objects.get()
    with_passkey(user, key)
    statuses = []

    for count in (5, 4, 5, 6):
        browser = Client()
        sign_in(browser)
        key.sign_count = count
        answer = key.get(browser.get("/second-factor").context["question"])
        with django_capture_on_commit_callbacks(execute=True):
            statuses.append(browser.post("/second-factor", {"passkey": answer}).status_code)

    # Each use counts by one before it signs: 6, 5 (less), 6 (the same), 7.
    assert statuses == [302, 400, 400, 302]
    assert AuditEvent.objects.filter(name="second_factor.copy_suspected").count() == 2
    assert "there may be a copy of the passkey laptop" in mail.outbox[-1].subject


def test_one_that_does_not_count_may_be_used_again(github: FakeGitHub, key: Authenticator) -> None:
    sign_in(Client())
    with_passkey(User.objects.get(), key)

    for _ in range(2):
        browser = Client()
        sign_in(browser)
        key.sign_count = -1
        answer = key.get(browser.get("/second-factor").context["question"])
        assert browser.post("/second-factor", {"passkey": answer}).status_code == 302


def test_it_is_a_proof_of_identity_and_anothers_is_none(
    client: Client, alice: User, bob: User, key: Authenticator, settings: Settings
) -> None:
    settings.DEV_LOGIN = True
    bobs = Authenticator(ORIGIN)
    with_passkey(alice, key)
    with_passkey(bob, bobs)
    client.force_login(alice)
    make_stale(client)

    click = client.post("/confirm-identity")
    held_up = client.post("/settings/tokens/new", TOKEN)
    question = client.get("/confirm-identity").context["question"]
    wrong = client.post("/confirm-identity", {"passkey": bobs.get(question)})
    right = client.post("/confirm-identity", {"passkey": key.get(wrong.context["question"])})

    assert click.status_code == 404
    assert held_up["Location"] == "/confirm-identity"
    assert wrong.status_code == 400
    assert right["Location"] == "/confirm-identity/done"
    assert client.post("/settings/tokens/new", TOKEN).status_code == 200


def test_recovery_codes_go_with_the_last_factor(
    client: Client, alice: User, bob: User, key: Authenticator
) -> None:
    with_factor(alice)
    with_passkey(alice, key)
    with_passkey(bob, Authenticator(ORIGIN))
    client.force_login(alice)
    numbers = {row.type: row.pk for row in Factor.objects.filter(user=alice)}
    bobs = Factor.objects.get(user=bob, type="webauthn").pk
    remove = "/settings/second-factor/remove"

    for odd in (bobs, numbers["recovery_codes"], "", "9" * 30, "x"):
        assert client.post(remove, {"factor": odd}).status_code == 404
    client.post(remove, {"factor": numbers["totp"]})
    left = set(Factor.objects.filter(user=alice).values_list("type", flat=True))
    client.post(remove, {"factor": numbers["webauthn"]})

    assert left == {"webauthn", "recovery_codes"}
    assert not Factor.objects.filter(user=alice).exists()
    assert Factor.objects.filter(user=bob).count() == 2


def test_an_app_beside_a_passkey_brings_no_new_recovery_codes(
    client: Client, alice: User, key: Authenticator
) -> None:
    with_passkey(alice, key)

    _, codes = with_factor(alice)

    assert codes == []


def test_a_lost_factor_is_taken_away_by_the_operator_with_a_reason(
    client: Client,
    alice: User,
    key: Authenticator,
    capsys: pytest.CaptureFixture[str],
    django_capture_on_commit_callbacks: Any,
) -> None:
    with_passkey(alice, key)

    with django_capture_on_commit_callbacks(execute=True):
        call_command("reset_second_factor", "alice", reason="ticket 12, seen in a video call")

    assert capsys.readouterr().out == "alice: 1 removed\n"
    assert not Factor.objects.exists()
    event = AuditEvent.objects.get(name="second_factor.reset")
    assert (event.actor_kind, event.subject) == ("system", "alice")
    assert event.after == {"reason": "ticket 12, seen in a video call"}
    assert "ticket 12, seen in a video call" in str(mail.outbox[-1].body)
    with pytest.raises(CommandError, match="has no second factor"):
        call_command("reset_second_factor", "alice", reason="again")
    with pytest.raises(CommandError, match="no user"):
        call_command("reset_second_factor", "nobody", reason="x")
    with pytest.raises(CommandError, match="say why"):
        call_command("reset_second_factor", "alice", reason=" ")


def test_the_apps_key_comes_with_a_picture_of_it(client: Client, alice: User) -> None:
    client.force_login(alice)

    page = client.get("/settings/second-factor/add")

    assert page.context["picture"].startswith("data:image/svg+xml;base64,")
    assert "<style" not in page.content.decode()
