from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from accounts.operations.tokens import create_token
from registry.models import Follow
from tests.factories.registry import make_crate, make_version
from tests.wire import refusal, send

FOLLOW = "/api/v1/crates/tide/follow"
FOLLOWING = "/api/v1/crates/tide/following"
UPDATES = "/api/v1/me/updates"


@pytest.fixture
def browser(alice: User) -> Client:
    client = Client()
    client.force_login(alice)
    return client


def test_following_and_stopping_may_be_repeated(alice_token: str, browser: Client) -> None:
    make_crate("tide")
    for method, following in (("PUT", True), ("PUT", True), ("DELETE", False), ("DELETE", False)):
        assert send(method, FOLLOW, alice_token).json() == {"ok": True}

        answer = send("GET", FOLLOWING, client=browser)
        assert answer.json() == {"following": following}
        assert answer["Cache-Control"] == "no-store"


def test_credentials_must_reach_that_far(alice: User, alice_token: str) -> None:
    make_crate("tide")
    limited = create_token(user=alice, name="ci", scopes=["yank"]).text

    assert refusal(send("PUT", FOLLOW, limited), 403)["code"] == "token_lacks_permission"
    assert refusal(send("PUT", FOLLOW), 403)["code"] == "authentication_required"
    assert refusal(send("GET", FOLLOWING, alice_token), 403)["code"] == "browser_only"
    assert refusal(send("GET", UPDATES, alice_token), 403)["code"] == "browser_only"
    assert refusal(send("PUT", "/api/v1/crates/nope/follow", alice_token), 404)


def test_updates_are_the_latest_versions_of_followed_crates(
    alice: User, browser: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    followed, other = make_crate("tide"), make_crate("other")
    Follow.objects.create(user=alice, crate=followed)
    start = datetime(2026, 1, 1, tzinfo=UTC)
    for day in range(3):
        make_version(followed, f"{day}.0.0", created_at=start + timedelta(days=day))
    make_version(other)

    with django_assert_max_num_queries(4):
        first = send("GET", f"{UPDATES}?per_page=2", client=browser)
    second = send("GET", f"{UPDATES}?per_page=2&page=2", client=browser).json()

    assert [row["num"] for row in first.json()["versions"]] == ["2.0.0", "1.0.0"]
    assert first.json()["meta"] == {"more": True}
    assert first["Cache-Control"] == "no-store"
    assert [row["num"] for row in second["versions"]] == ["0.0.0"]
    assert second["meta"] == {"more": False}
