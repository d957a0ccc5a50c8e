from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import ApiToken, User
from accounts.operations.tokens import create_token
from tests.wire import refusal, send

TOKENS = "/api/v1/me/tokens"
CURRENT = "/api/v1/tokens/current"


@pytest.fixture
def browser(alice: User) -> Client:
    client = Client()
    client.force_login(alice)
    return client


def create(browser: Client, **fields: object) -> object:
    return send("PUT", TOKENS, body={"api_token": fields}, client=browser)


def test_a_new_token_is_shown_once(browser: Client) -> None:
    answer = create(
        browser,
        name="ci",
        endpoint_scopes=["publish-update"],
        crate_scopes=["tide*"],
        expired_at="2099-01-01T00:00:00Z",
    )

    made = answer.json()["api_token"]  # type: ignore[attr-defined]
    assert made["endpoint_scopes"] == ["publish-update"]
    assert (made["crate_scopes"], made["expired_at"]) == (["tide*"], "2099-01-01T00:00:00Z")
    token = ApiToken.objects.get()
    assert token.digest not in made["token"]
    [listed] = send("GET", TOKENS, client=browser).json()["api_tokens"]
    del made["token"]
    assert listed == made


@pytest.mark.parametrize(
    ("fields", "status", "detail"),
    [
        ({"name": ""}, 400, "name must have a value"),
        ({}, 422, "`api_token.name` must be a text"),
        ({"name": "a\0"}, 422, ""),
        ({"name": "a", "endpoint_scopes": ["all"]}, 400, "invalid endpoint scope `all`"),
        ({"name": "a", "crate_scopes": ["a**"]}, 400, "invalid crate scope `a**`"),
        ({"name": "a", "crate_scopes": "a"}, 422, "`crate_scopes` must be a list of texts"),
        ({"name": "a", "expired_at": "soon"}, 422, "`api_token.expired_at` must be a time"),
        ({"name": "a", "expired_at": "2099-01-01"}, 422, "`api_token.expired_at` must be a time"),
        ({"name": "a", "expired_at": "9999-12-31T23:59:59-23:00"}, 422, "`api_token.expired_at`"),
        ({"name": "a", "expired_at": "2001-01-01T00:00:00Z"}, 400, "expired_at is in the past"),
    ],
)
def test_odd_tokens_are_refused(
    browser: Client, fields: dict[str, object], status: int, detail: str
) -> None:
    assert detail in refusal(create(browser, **fields), status)["detail"]
    assert not ApiToken.objects.exists()


def test_a_token_makes_and_lists_none(alice_token: str) -> None:
    error = refusal(send("PUT", TOKENS, alice_token, {"api_token": {"name": "x"}}), 400)
    assert error["detail"] == "cannot use an API token to create a new API token"
    assert refusal(send("GET", TOKENS, alice_token), 403)["code"] == "browser_only"
    assert refusal(send("GET", TOKENS), 403)["code"] == "authentication_required"


def test_expired_ones_are_listed_on_request(alice: User, browser: Client) -> None:
    old = create_token(user=alice, name="old").token
    ApiToken.objects.filter(pk=old.pk).update(expires_at=timezone.now() - timedelta(days=3))

    counts = [
        len(send("GET", f"{TOKENS}{query}", client=browser).json()["api_tokens"])
        for query in ("", "?expired_days=2", "?expired_days=4", "?expired_days=999999999999")
    ]

    assert counts == [0, 0, 1, 1]
    assert refusal(send("GET", f"{TOKENS}?expired_days=x", client=browser), 400)


def test_one_is_shown_to_its_owner_alone(alice: User, alice_token: str, bob_token: str) -> None:
    token = ApiToken.objects.get(user=alice)

    answer = send("GET", f"{TOKENS}/{token.pk}", alice_token)

    assert answer.json()["api_token"]["name"] == "laptop"
    assert answer["Cache-Control"] == "no-store"
    assert refusal(send("GET", f"{TOKENS}/{token.pk}", bob_token), 404)
    assert refusal(send("GET", f"{TOKENS}/{10**30}", bob_token), 404)


def test_revoking_never_tells_what_there_was(alice: User, alice_token: str, bob_token: str) -> None:
    token = ApiToken.objects.get(user=alice)

    for number in (token.pk, 10**30):
        answer = send("DELETE", f"{TOKENS}/{number}", bob_token)
        assert (answer.status_code, answer.json()) == (200, {})
    assert ApiToken.objects.usable().filter(pk=token.pk).exists()

    assert send("DELETE", f"{TOKENS}/{token.pk}", alice_token).status_code == 200
    assert refusal(send("GET", "/api/v1/me", alice_token), 403)["code"] == "authentication_failed"


def test_a_token_ends_itself(alice: User, alice_token: str, browser: Client) -> None:
    limited = create_token(user=alice, name="ci", scopes=["yank"]).text

    assert refusal(send("DELETE", CURRENT, limited), 403)["code"] == "token_lacks_permission"
    error = refusal(send("DELETE", CURRENT, client=browser), 400)
    assert error["detail"] == "token not provided"
    assert send("DELETE", CURRENT, alice_token).status_code == 204
    assert refusal(send("DELETE", CURRENT, alice_token), 403)["code"] == "authentication_failed"
