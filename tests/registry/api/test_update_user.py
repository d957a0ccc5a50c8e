import re
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.core.mail import EmailMessage
from django.test import Client

from accounts.models import AddressConfirmation, User
from accounts.operations.addresses import LETTERS_PER_DAY
from accounts.operations.tokens import create_token
from registry.models import Ownership
from tests.factories.registry import make_crate
from tests.wire import refusal, send


def update(user: User, token: str, **fields: object) -> Any:
    return send("PUT", f"/api/v1/users/{user.pk}", token, {"user": fields})


def link_in(letter: EmailMessage) -> str:
    found = re.search(r"/confirm/([A-Za-z0-9]{26})\n", str(letter.body))
    assert found
    return found[1]


def test_a_new_address_counts_once_it_is_confirmed(
    alice: User,
    alice_token: str,
    mailoutbox: list[EmailMessage],
    django_capture_on_commit_callbacks: Any,
) -> None:
    mailoutbox.clear()
    with django_capture_on_commit_callbacks(execute=True):
        assert update(alice, alice_token, email=" New@Example.com ").json() == {"ok": True}

    me = send("GET", "/api/v1/me", alice_token).json()["user"]
    assert (me["email"], me["email_verified"]) == ("new@example.com", False)
    assert alice.verified_email() is None
    letter, warning = mailoutbox
    assert (warning.to, warning.subject) == (
        ["alice@example.com"],
        "The address of your account alice was changed",
    )
    assert "new@example.com" not in warning.body
    assert letter.to == ["new@example.com"]
    assert letter.subject == "Confirm your e-mail address"
    assert "If it was not, do nothing" in letter.body
    token = link_in(letter)
    assert token not in AddressConfirmation.objects.get().digest

    assert send("PUT", f"/api/v1/confirm/{token}").json() == {"ok": True}
    assert alice.verified_email() == "new@example.com"
    assert send("PUT", f"/api/v1/confirm/{token}").status_code == 200


def test_the_page_of_the_link_asks_before_it_confirms(
    alice: User,
    alice_token: str,
    client: Client,
    mailoutbox: list[EmailMessage],
    django_capture_on_commit_callbacks: Any,
) -> None:
    mailoutbox.clear()
    with django_capture_on_commit_callbacks(execute=True):
        update(alice, alice_token, email="new@example.com")
    path = f"/confirm/{link_in(mailoutbox[0])}"

    assert client.get(path).status_code == 200
    assert alice.verified_email() is None
    assert client.post(path)["Location"] == "/settings/profile"
    assert alice.verified_email() == "new@example.com"
    assert "token not found" in client.post("/confirm/nothing").content.decode()


def test_the_letter_of_an_earlier_address_is_void(
    alice: User,
    alice_token: str,
    mailoutbox: list[EmailMessage],
    django_capture_on_commit_callbacks: Any,
) -> None:
    mailoutbox.clear()
    for email in ("first@example.com", "second@example.com"):
        with django_capture_on_commit_callbacks(execute=True):
            update(alice, alice_token, email=email)

    error = refusal(send("PUT", f"/api/v1/confirm/{link_in(mailoutbox[0])}"), 400)
    assert error["detail"] == "Email belonging to token not found."
    with django_capture_on_commit_callbacks(execute=True):
        assert send("PUT", f"/api/v1/users/{alice.pk}/resend", alice_token).status_code == 200
    assert mailoutbox[2].to == ["second@example.com"]
    assert send("PUT", f"/api/v1/confirm/{link_in(mailoutbox[2])}").status_code == 200


def test_an_address_is_one_accounts_alone(
    alice: User,
    bob: User,
    alice_token: str,
    mailoutbox: list[EmailMessage],
    django_capture_on_commit_callbacks: Any,
) -> None:
    mailoutbox.clear()
    with django_capture_on_commit_callbacks(execute=True):
        update(alice, alice_token, email="bob@example.com")

    error = refusal(send("PUT", f"/api/v1/confirm/{link_in(mailoutbox[0])}"), 400)

    assert error["detail"] == "this address belongs to another account; choose another"
    assert bob.verified_email() == "bob@example.com"
    assert alice.verified_email() is None


@pytest.mark.parametrize(
    ("email", "detail"),
    [(" ", "empty email rejected"), ("a b@c", "invalid email address")],
)
def test_what_is_no_address_is_refused(
    alice: User, alice_token: str, email: str, detail: str
) -> None:
    assert refusal(update(alice, alice_token, email=email), 400)["detail"] == detail
    assert alice.verified_email() == "alice@example.com"


def test_letters_have_a_limit(alice: User, alice_token: str) -> None:
    for _ in range(LETTERS_PER_DAY):
        assert send("PUT", f"/api/v1/users/{alice.pk}/resend", alice_token).status_code == 200

    error = refusal(send("PUT", f"/api/v1/users/{alice.pk}/resend", alice_token), 429)
    assert error["code"] == "rate_limited"


def test_only_ones_own_account_is_changed(alice: User, bob: User, alice_token: str) -> None:
    limited = create_token(user=alice, name="ci", scopes=["yank"]).text

    for path in (f"users/{bob.pk}", f"users/{bob.pk}/resend", "users/bob"):
        answer = send("PUT", f"/api/v1/{path}", alice_token, {"user": {}})
        error = refusal(answer, 400)
        assert error["detail"] == "current user does not match requested user"
    assert refusal(update(alice, limited), 403)["code"] == "token_lacks_permission"
    assert refusal(send("PUT", f"/api/v1/users/{alice.pk}"), 403)
    assert refusal(send("PUT", "/api/v1/confirm/%00"), 400)


def test_an_account_without_address_gets_no_letter(alice: User, alice_token: str) -> None:
    EmailAddress.objects.all().delete()

    error = refusal(send("PUT", f"/api/v1/users/{alice.pk}/resend", alice_token), 400)

    assert error["detail"] == "Email could not be found. Add an address first."


def test_letters_about_versions_are_switched_off_and_on(
    alice: User,
    alice_token: str,
    mailoutbox: list[EmailMessage],
    django_capture_on_commit_callbacks: Any,
) -> None:
    mailoutbox.clear()
    for wanted in (False, False, True):
        with django_capture_on_commit_callbacks(execute=True):
            assert update(alice, alice_token, publish_notifications=wanted).status_code == 200
        me = send("GET", "/api/v1/me", alice_token).json()["user"]
        assert me["publish_notifications"] is wanted

    [letter] = mailoutbox
    assert letter.subject == "You will not hear of new versions any more"
    assert "are switched off, as you asked" in letter.body


def test_crates_are_switched_one_by_one(alice: User, bob: User, alice_token: str) -> None:
    mine, other = make_crate("mine", owner=alice), make_crate("other", owner=bob)
    body = [{"id": crate.pk, "email_notifications": False} for crate in (mine, other)]

    assert send("PUT", "/api/v1/me/email_notifications", alice_token, body).json() == {"ok": True}

    assert not Ownership.objects.get(crate=mine).email_notifications
    assert Ownership.objects.get(crate=other).email_notifications


@pytest.mark.parametrize(
    "body", [{}, [1], [{"id": "1"}], [{"id": True, "email_notifications": True}], [{"id": 10**30}]]
)
def test_other_switches_are_refused(alice_token: str, body: object) -> None:
    answer = send("PUT", "/api/v1/me/email_notifications", alice_token, body)
    assert refusal(answer, 422)["code"] == "wrong_shape"
