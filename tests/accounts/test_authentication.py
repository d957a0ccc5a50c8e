from datetime import timedelta
from typing import Any

import pytest
from django.test import Client, RequestFactory
from django.utils import timezone

from accounts.authentication import credentials_of
from accounts.errors import MalformedCredentials
from accounts.models import ApiToken, User
from accounts.token_text import TokenKind, new_token
from tests.wire import refusal, send

ME = "/api/v1/me"


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("abc", "abc"),
        ("  abc  ", "abc"),
        ("Bearer abc", "abc"),
        ("bEaReR   abc ", "abc"),
        ("", None),
        ("   ", None),
        ("Bearer", "Bearer"),
    ],
)
def test_the_token_may_stand_alone_or_behind_bearer(header: str, expected: str | None) -> None:
    request = RequestFactory().get("/", headers={"Authorization": header})

    assert credentials_of(request) == expected


@pytest.mark.parametrize("header", ["Basic abc", "Token abc", "abc def", "Bearér abc", "wbl_é"])
def test_another_scheme_is_malformed(header: str) -> None:
    request = RequestFactory().get("/", headers={"Authorization": header})

    with pytest.raises(MalformedCredentials):
        credentials_of(request)


@pytest.mark.parametrize("form", ["{}", "Bearer {}", "BEARER {}"])
def test_a_token_opens_what_its_owner_may_see(alice_token: str, form: str) -> None:
    answer = send("GET", ME, form.format(alice_token))

    assert answer.status_code == 200
    assert answer.json()["user"]["login"] == "alice"


def test_nobody_is_refused(db: None) -> None:
    error = refusal(send("GET", ME), 403)

    assert error["detail"] == "this action requires authentication"


def test_an_unknown_token_is_refused(db: None) -> None:
    error = refusal(send("GET", ME, new_token("wbl", TokenKind.API)), 403)

    assert error["detail"] == "authentication failed"


@pytest.mark.parametrize("text", ["cioabc", "wbl_short", "wbl_" + "a" * 46, "x" * 4000])
def test_text_that_is_no_token_is_told_apart(db: None, text: str) -> None:
    error = refusal(send("GET", ME, text), 401)

    assert "do not have the form" in error["detail"] or "does not have the form" in error["detail"]
    assert text not in error["detail"]


def test_a_revoked_token_is_dead(alice_token: str) -> None:
    ApiToken.objects.update(revoked_at=timezone.now())

    refusal(send("GET", ME, alice_token), 403)


def test_an_expired_token_is_dead(alice_token: str) -> None:
    ApiToken.objects.update(expires_at=timezone.now() - timedelta(microseconds=1))

    refusal(send("GET", ME, alice_token), 403)


def test_a_token_lives_until_its_last_moment(alice_token: str) -> None:
    ApiToken.objects.update(expires_at=timezone.now() + timedelta(minutes=1))

    assert send("GET", ME, alice_token).status_code == 200


def test_a_token_dies_with_its_owner(alice: User, alice_token: str) -> None:
    alice.is_active = False
    alice.save()

    refusal(send("GET", ME, alice_token), 403)


def test_a_locked_account_is_told_why(alice: User, alice_token: str) -> None:
    alice.locked_at = timezone.now()
    alice.lock_reason = "leaked credentials"
    alice.save()

    error = refusal(send("GET", ME, alice_token), 403)

    assert error["code"] == "account_locked"
    assert error["detail"].endswith("indefinitely locked. Reason: leaked credentials")


def test_a_lock_ends_by_itself(alice: User, alice_token: str) -> None:
    alice.locked_at = timezone.now() - timedelta(days=2)
    alice.locked_until = timezone.now() - timedelta(days=1)
    alice.save()

    assert send("GET", ME, alice_token).status_code == 200


def test_the_last_use_is_noted_once_a_minute(alice_token: str) -> None:
    ask_as("cargo/1.95.0", alice_token)
    first = ApiToken.objects.get()
    ask_as("curl", alice_token)

    again = ApiToken.objects.get()
    assert first.last_used_agent == "cargo/1.95.0"
    assert again.last_used_at == first.last_used_at


def test_only_a_digest_of_the_token_is_stored(alice_token: str) -> None:
    row = ApiToken.objects.values().get()

    assert alice_token not in str(row)


def test_a_session_reads_but_does_not_write_without_a_csrf_token(alice: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice)

    error = refusal(send("PUT", "/api/v1/crates/foo/owners", client=client), 403)

    assert "CSRF" in error["detail"]


def test_a_session_counts_for_nothing_beside_a_token(alice: User, bob_token: str) -> None:
    client = Client()
    client.force_login(alice)

    assert send("GET", ME, bob_token, client=client).json()["user"]["login"] == "bob"


def ask_as(user_agent: str, token: str) -> None:
    headers: dict[str, Any] = {"User-Agent": user_agent}
    send("GET", ME, token, **headers)
