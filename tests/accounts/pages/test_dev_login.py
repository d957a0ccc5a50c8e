import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from accounts.models import AuditEvent
from tests.factories.registry import make_user

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _dev_login(settings: Settings) -> None:
    settings.DEV_LOGIN = True


@pytest.mark.parametrize("method", ["get", "post"])
def test_it_does_not_exist_without_the_setting(
    client: Client, settings: Settings, method: str
) -> None:
    settings.DEV_LOGIN = False
    make_user("alice")

    answer = getattr(client, method)("/dev-login/", {"login": "alice"})

    assert answer.status_code == 404
    assert "_auth_user_id" not in client.session


def test_it_signs_in_by_login_in_any_case(client: Client) -> None:
    make_user("Alice")

    answer = client.post("/dev-login/", {"login": "alice", "next": "/settings/tokens"})

    assert answer["Location"] == "/settings/tokens"
    assert client.get("/settings/profile").context["user"].login == "Alice"
    assert AuditEvent.objects.get().name == "session.dev_login"


def test_it_starts_a_new_session(client: Client) -> None:
    make_user("alice")
    session = client.session
    session["before"] = "1"
    session.save()
    before = client.cookies["sessionid"].value

    client.post("/dev-login/", {"login": "alice"})

    assert client.cookies["sessionid"].value != before


def test_it_lists_twenty_logins_as_buttons(client: Client) -> None:
    for number in range(22):
        make_user(f"user-{number:02}")

    page = client.get("/dev-login/").content.decode()

    assert page.count('name="login" value="user-') == 20


def test_it_says_how_to_make_an_account_that_is_missing(client: Client) -> None:
    answer = client.post("/dev-login/", {"login": "nobody"})

    assert answer.status_code == 400
    assert "manage.py create_user nobody" in answer.content.decode()


def test_it_refuses_a_locked_account(client: Client) -> None:
    make_user("alice", locked_at=timezone.now(), lock_reason="spam")

    answer = client.post("/dev-login/", {"login": "alice"})

    assert answer.status_code == 400
    assert "Reason: spam" in answer.content.decode()
    assert "_auth_user_id" not in client.session


def test_it_leads_nowhere_else(client: Client) -> None:
    make_user("alice")

    answer = client.post("/dev-login/", {"login": "alice", "next": "https://evil.example/"})

    assert answer["Location"] == "/dashboard"


def test_it_needs_the_form() -> None:
    make_user("alice")

    answer = Client(enforce_csrf_checks=True).post("/dev-login/", {"login": "alice"})

    assert answer.status_code == 403
