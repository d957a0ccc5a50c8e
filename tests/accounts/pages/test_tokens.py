from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts.models import ApiToken, User
from accounts.operations.tokens import create_token
from accounts.token_text import digest
from tests.factories.registry import make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def alice(client: Client) -> User:
    user = make_user("alice")
    client.force_login(user)
    return user


def sent(**fields: Any) -> dict[str, Any]:
    return {"name": "laptop", "scopes": ["publish-update"], "patterns": "", "expiry": "90"} | fields


def test_the_new_token_is_shown_on_the_answer_and_never_again(client: Client, alice: User) -> None:
    answer = client.post("/settings/tokens/new", sent())

    text: str = answer.context["text"]
    assert answer.status_code == 200
    assert "no-store" in answer["Cache-Control"]
    assert text in answer.content.decode()
    assert alice.api_tokens.get().digest == digest(text)
    assert text not in client.get("/settings/tokens").content.decode()
    assert text not in str(dict(client.session))
    assert "messages" not in answer.cookies


def test_it_keeps_the_limits_that_were_chosen(client: Client, alice: User) -> None:
    scopes = ["yank", "publish-new"]

    client.post("/settings/tokens/new", sent(scopes=scopes, patterns="tide-*\r\n\r\nserde\r\n"))

    token = alice.api_tokens.get()
    assert token.endpoint_scopes == ["publish-new", "yank"]
    assert token.crate_patterns == ["tide-*", "serde"]


@pytest.mark.parametrize(("choice", "days"), [("7", 7), ("30", 30), ("90", 90), ("365", 365)])
def test_it_expires_after_the_days_that_were_chosen(
    client: Client, alice: User, choice: str, days: int
) -> None:
    client.post("/settings/tokens/new", sent(expiry=choice))

    expires_at = alice.api_tokens.get().expires_at
    assert expires_at is not None
    assert abs(expires_at - timezone.now() - timedelta(days=days)) < timedelta(minutes=1)


def test_a_date_of_ones_own_counts_to_its_end(client: Client, alice: User) -> None:
    client.post("/settings/tokens/new", sent(expiry="custom", expires_on="2999-12-30"))

    assert alice.api_tokens.get().expires_at == datetime(2999, 12, 31, tzinfo=UTC)


def test_never_must_be_asked_for(client: Client, alice: User) -> None:
    form = client.get("/settings/tokens/new").content.decode()
    client.post("/settings/tokens/new", sent(expiry="never"))

    assert '<option value="90" selected>' in form
    assert alice.api_tokens.get().expires_at is None


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [
        ({"name": " "}, "Give the token a name."),
        ({"name": "a\0b"}, "Null characters are not allowed."),
        ({"scopes": []}, "Choose at least one thing that the token may do."),
        ({"scopes": ["everything"]}, "everything is not one of the available choices"),
        ({"patterns": "a b-*-c"}, "invalid crate scope `b-*-c`"),
        ({"expiry": "soon"}, "soon is not one of the available choices"),
        ({"expiry": "custom"}, "last day"),
        ({"expiry": "custom", "expires_on": "2001-01-01"}, "This day is over"),
        ({"expiry": "custom", "expires_on": "9999-12-31"}, "Choose a day before the year 9999."),
    ],
)
def test_it_says_what_is_wrong_with_the_form(
    client: Client, alice: User, fields: dict[str, Any], complaint: str
) -> None:
    answer = client.post("/settings/tokens/new", sent(**fields))

    assert answer.status_code == 400
    assert complaint in answer.content.decode().replace("&#x27;", "'")
    assert not alice.api_tokens.exists()


def test_the_operations_refusal_is_shown_on_the_form(
    client: Client, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("accounts.operations.tokens.TOKENS_PER_USER", 0)

    answer = client.post("/settings/tokens/new", sent())

    assert answer.status_code == 400
    assert "maximum tokens per user is: 0" in answer.content.decode()


def test_the_list_explains_each_token(client: Client, alice: User) -> None:
    token = create_token(user=alice, name="ci", scopes=["yank"], patterns=["tide-*"]).token
    ApiToken.objects.filter(pk=token.pk).update(
        last_used_at=datetime(2030, 5, 4, 3, 2, tzinfo=UTC), last_used_agent="cargo/1.95.0"
    )
    create_token(user=alice, name="old", scopes=None)

    page = client.get("/settings/tokens").content.decode()

    assert "yank and un-yank versions" in page
    assert "all crates starting with tide-" in page
    assert "4 May 2030 03:02 UTC" in page
    assert "cargo/1.95.0" in page
    assert "do everything that you may do" in page


def test_revoking_needs_a_post(client: Client, alice: User) -> None:
    token = create_token(user=alice, name="ci").token

    assert client.get(f"/settings/tokens/{token.pk}/revoke").status_code == 405
    assert client.post(f"/settings/tokens/{token.pk}/revoke")["Location"] == "/settings/tokens"
    token.refresh_from_db()
    assert token.revoked_at is not None
    assert "ci is revoked" in client.get("/settings/tokens").content.decode()


def test_nobody_revokes_anothers_token(client: Client, alice: User) -> None:
    token = create_token(user=make_user("bob"), name="ci").token

    answer = client.post(f"/settings/tokens/{token.pk}/revoke")

    token.refresh_from_db()
    assert answer.status_code == 404
    assert token.revoked_at is None


@pytest.mark.parametrize("tokens", [0, 3])
def test_the_list_takes_a_constant_number_of_queries(
    client: Client, alice: User, tokens: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(tokens):
        create_token(user=alice, name=f"token {number}")

    # Session, user, tokens.
    with django_assert_num_queries(3):
        client.get("/settings/tokens")


def test_the_form_begins_with_what_the_ending_token_had(client: Client, alice: User) -> None:
    client.force_login(alice)
    former = create_token(user=alice, name="ci", scopes=["yank"], patterns=["tide-*", "tide"])

    page = client.get(f"/settings/tokens/new?from={former.token.pk}").content.decode()

    assert 'value="ci"' in page
    assert "tide-*\ntide</textarea>" in page
    assert page.count(" checked") == 1


@pytest.mark.parametrize("former", ["", "x", "9" * 30, "999999"])
def test_what_is_no_token_of_ones_own_begins_nothing(
    client: Client, alice: User, bob: User, former: str
) -> None:
    client.force_login(alice)
    theirs = create_token(user=bob, name="bobs-secret-name").token

    for number in (former, str(theirs.pk)):
        answer = client.get("/settings/tokens/new", {"from": number})
        assert answer.status_code == 200
        assert "bobs-secret-name" not in answer.content.decode()
