"""With READ_ONLY everything can be looked at and nothing changed."""

from email.utils import parsedate_to_datetime

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from accounts.models import ApiToken, User
from tests.wire import nothing_happens, publish, refusal, send

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _something_is_there(settings: Settings, alice_token: str) -> None:
    assert publish(alice_token).status_code == 200
    settings.READ_ONLY = True


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("DELETE", "/api/v1/crates/demo-crate/0.1.0/yank"),
        ("PUT", "/api/v1/crates/demo-crate/owners"),
        ("DELETE", "/api/v1/crates/demo-crate"),
        ("PUT", "/api/v1/me/tokens"),
        ("POST", "/api/v1/trusted_publishing/tokens"),
        ("POST", "/api/v1/trusted_publishing/github_configs"),
        ("POST", "/no/such/path"),
    ],
)
def test_every_change_is_told_to_come_back(alice_token: str, method: str, path: str) -> None:
    with nothing_happens():
        answer = send(method, path, alice_token)

    assert answer.status_code == 503
    wait = parsedate_to_datetime(answer["Retry-After"]) - timezone.now()
    assert 0 < wait.total_seconds() <= 600


def test_a_publish_is_refused_in_words_that_cargo_shows(alice_token: str) -> None:
    with nothing_happens():
        error = refusal(publish(alice_token, version="0.2.0"), 503)

    assert error["code"] == "read_only"
    assert error["detail"].startswith("This registry is in read-only mode for maintenance")


def test_a_form_gets_a_page(client: Client, alice: User) -> None:
    client.force_login(alice)

    answer = client.post("/settings/tokens/new", {"name": "x"})

    assert answer.status_code == 503
    assert "read-only mode" in answer.content.decode()


def test_reads_go_on_and_say_what_is_the_matter(alice_token: str) -> None:
    for path in ("/api/v1/crates/demo-crate", "/api/v1/crates?q=demo", "/crates/demo-crate"):
        assert send("GET", path).status_code == 200, path
    assert "This registry is read-only for now" in send("GET", "/").content.decode()
    assert send("GET", "/api/v1/site_metadata").json()["read_only"] is True


def test_using_a_token_leaves_no_trace(alice_token: str) -> None:
    ApiToken.objects.update(last_used_at=None)

    assert send("GET", "/api/v1/me", alice_token).status_code in (200, 403)

    assert ApiToken.objects.get().last_used_at is None


def test_people_sign_in_and_out(client: Client, alice: User, settings: Settings) -> None:
    settings.DEV_LOGIN = True

    assert client.post("/dev-login/", {"login": "alice"}).status_code == 302
    assert client.get("/dashboard").status_code == 200
    assert client.post("/sign-out").status_code == 302
    # Asked of those who have one, before they are signed in.
    assert client.post("/second-factor", {"code": "123456"}).status_code == 302


def test_without_it_nothing_is_said(settings: Settings) -> None:
    settings.READ_ONLY = False

    assert "read-only" not in send("GET", "/").content.decode()
    assert send("GET", "/api/v1/site_metadata").json()["read_only"] is False
