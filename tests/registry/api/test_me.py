import pytest

from accounts.models import User
from accounts.operations.tokens import create_token
from tests.factories.registry import make_crate
from tests.wire import refusal, send

ME = "/api/v1/me"


def test_it_tells_who_the_token_stands_for(alice: User, alice_token: str, bob: User) -> None:
    mine = make_crate("mine", owner=alice)
    make_crate("other", owner=bob)

    answer = send("GET", ME, alice_token)

    assert answer["Cache-Control"] == "no-store"
    assert answer.json()["user"]["email"] == "alice@example.com"
    assert answer.json()["user"]["email_verified"] is True
    assert answer.json()["owned_crates"] == [
        {"id": mine.pk, "name": "mine", "email_notifications": True}
    ]


@pytest.mark.parametrize("limits", [{"scopes": ["yank"]}, {"patterns": ["*"]}, {"scopes": []}])
def test_a_limited_token_does_not_read_it(alice: User, limits: dict[str, list[str]]) -> None:
    token = create_token(user=alice, name="ci", **limits).text  # type: ignore[arg-type]

    assert refusal(send("GET", ME, token), 403)["code"] == "token_lacks_permission"
