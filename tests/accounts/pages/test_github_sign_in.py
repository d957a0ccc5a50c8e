"""The OAuth flow, with a GitHub on loopback that plays its part over real sockets."""

from collections.abc import Iterator
from http.client import HTTPConnection
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from allauth.account.models import EmailAddress
from allauth.socialaccount.models import SocialAccount
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from accounts.models import GitHubToken, User
from demo.github_server import FakeGitHub
from tests.factories.registry import make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def github(settings: Settings) -> Iterator[FakeGitHub]:
    with FakeGitHub() as server:
        settings.GITHUB_LOGIN = True
        settings.GITHUB_URL = server.url
        settings.GITHUB_API_URL = server.api_url
        settings.PUBLIC_URL = "http://testserver"
        settings.SOCIALACCOUNT_PROVIDERS = {
            "github": {
                "SCOPE": ["user:email", "read:org"],
                "APPS": [
                    {"client_id": server.client_id, "secret": server.client_secret, "key": ""}
                ],
            }
        }
        server.add_user("alice", 1, email="alice@example.org", name="Alice A.")
        yield server


def sign_in(client: Client, **form: str) -> Any:
    """From our button to GitHub, and back with what GitHub says."""
    leave = client.post("/accounts/github/login/", form)
    assert leave.status_code == 302
    return client.get(location_of("GET", leave["Location"]))


def location_of(method: str, url: str, form: dict[str, str] | None = None) -> str:
    """Where the other side sends the browser."""
    parts = urlsplit(url)
    connection = HTTPConnection(parts.netloc, timeout=60)
    connection.request(method, f"{parts.path}?{parts.query}", urlencode(form or {}))
    response = connection.getresponse()
    response.read()
    connection.close()
    return response.getheader("Location") or ""


def test_a_first_sign_in_makes_an_account(client: Client, github: FakeGitHub) -> None:
    answer = sign_in(client, next="/settings/tokens")

    alice = User.objects.get()
    assert answer["Location"] == "/settings/tokens"
    assert (alice.login, alice.github_id, alice.name) == ("alice", 1, "Alice A.")
    assert alice.verified_email() == "alice@example.org"
    assert not alice.has_usable_password()
    assert client.get("/settings/profile").status_code == 200


def test_a_cookie_from_before_the_sign_in_opens_nothing(github: FakeGitHub) -> None:
    client, planted = Client(), Client()
    client.post("/accounts/github/login/")
    before = client.cookies["sessionid"].value
    planted.cookies["sessionid"] = before

    sign_in(client)

    assert client.cookies["sessionid"].value != before
    assert client.get("/settings/profile").status_code == 200
    assert planted.get("/settings/profile")["Location"].startswith("/sign-in")


def test_the_second_sign_in_finds_the_account(client: Client, github: FakeGitHub) -> None:
    sign_in(Client())

    answer = sign_in(client)

    assert answer["Location"] == "/dashboard"
    assert User.objects.count() == 1


def test_a_sign_in_lets_us_ask_for_teams_and_the_row_does_not_show_how(
    client: Client, github: FakeGitHub
) -> None:
    for _ in range(2):
        sign_in(Client())

    kept = GitHubToken.objects.get()
    text = GitHubToken.text_of(kept.user)
    assert text is not None
    assert text not in kept.sealed
    assert github.oauth.may_read_organizations(f"Bearer {text}")


def test_the_session_changes_its_key(client: Client, github: FakeGitHub) -> None:
    leave = client.post("/accounts/github/login/")
    before = client.cookies["sessionid"].value

    client.get(location_of("GET", leave["Location"]))

    assert client.cookies["sessionid"].value != before


def test_the_code_goes_to_our_own_address_whatever_the_host_header_says(
    client: Client, github: FakeGitHub
) -> None:
    leave = client.post("/accounts/github/login/", headers={"host": "evil.example"})

    query = parse_qs(urlsplit(leave["Location"]).query)
    assert query["redirect_uri"] == ["http://testserver/accounts/github/login/callback/"]
    assert set(query["scope"][0].split()) == {"user:email", "read:org"}


def test_a_link_does_not_start_the_flow(client: Client, github: FakeGitHub) -> None:
    answer = client.get("/accounts/github/login/")

    assert answer.status_code == 200
    assert "Continue" in answer.content.decode()
    assert "Waybill" in answer.content.decode()


def test_a_denial_changes_nothing(client: Client, github: FakeGitHub) -> None:
    github.ask_consent = True
    leave = client.post("/accounts/github/login/")

    back = location_of("POST", leave["Location"], {"decision": "deny"})
    answer = client.get(back)

    assert answer.status_code == 200
    assert "You did not let Waybill know who you are" in answer.content.decode()
    assert not User.objects.exists()


@pytest.mark.parametrize("query", ["code=abc&state=forged", "code=abc", "error=server_error", ""])
def test_an_answer_that_nobody_asked_for_is_refused(
    client: Client, github: FakeGitHub, query: str
) -> None:
    answer = client.get(f"/accounts/github/login/callback/?{query}")

    assert answer.status_code == 401
    assert "Nothing was changed" in answer.content.decode()
    assert not User.objects.exists()


def test_a_wrong_secret_is_a_failed_sign_in(
    client: Client, github: FakeGitHub, settings: Settings
) -> None:
    settings.SOCIALACCOUNT_PROVIDERS = {
        "github": {"APPS": [{"client_id": github.client_id, "secret": "wrong", "key": ""}]}
    }

    answer = sign_in(client)

    assert answer.status_code == 401
    assert "wrong" not in answer.content.decode()


def test_a_github_that_does_not_answer_is_a_failed_sign_in(
    client: Client, github: FakeGitHub, settings: Settings
) -> None:
    settings.GITHUB_API_URL = "http://127.0.0.1:9"

    assert sign_in(client).status_code == 401


def test_a_renamed_person_keeps_the_account(client: Client, github: FakeGitHub) -> None:
    sign_in(Client())
    github.rename_user("alice", "alicia")

    sign_in(client)

    assert User.objects.get().login == "alicia"


def test_who_registers_a_freed_login_gets_an_account_of_their_own(
    client: Client, github: FakeGitHub
) -> None:
    sign_in(Client())
    github.rename_user("alice", "alicia")
    github.add_user("alice", 2, email="other@example.org")
    github.sign_in_as("alice")

    sign_in(client)

    before, now = User.objects.order_by("pk")
    assert (before.github_id, before.login) == (1, f"alice--{before.pk}")
    assert (now.github_id, now.login) == (2, "alice")
    assert client.get("/settings/profile").context["user"] == now


def test_a_local_account_with_the_login_is_not_taken_over(
    client: Client, github: FakeGitHub
) -> None:
    local = make_user("alice")

    sign_in(client)

    assert client.get("/settings/profile").context["user"] != local


def test_an_account_made_with_the_github_id_is_found(client: Client, github: FakeGitHub) -> None:
    prepared = make_user("al", github_id=1)

    sign_in(client)
    sign_in(Client())

    prepared.refresh_from_db()
    assert client.get("/settings/profile").context["user"] == prepared
    assert prepared.login == "alice"
    assert prepared.verified_email() == "alice@example.org"


def test_an_address_of_another_account_opens_nothing(client: Client, github: FakeGitHub) -> None:
    victim = make_user("victim", email="alice@example.org")
    EmailAddress.objects.create(user=victim, email="alice@example.org", verified=True, primary=True)

    sign_in(client)

    newcomer = User.objects.get(github_id=1)
    assert newcomer != victim
    assert newcomer.email == ""
    assert newcomer.verified_email() is None
    assert victim.verified_email() == "alice@example.org"


def test_an_address_that_github_did_not_verify_is_not_kept(
    client: Client, github: FakeGitHub
) -> None:
    github.add_user("bob", 2, email="victim@example.org", verified=False)
    github.sign_in_as("bob")

    sign_in(client)

    bob = User.objects.get()
    assert bob.email == ""
    assert not EmailAddress.objects.exists()


def test_an_address_that_was_verified_later_is_added(client: Client, github: FakeGitHub) -> None:
    bob = github.add_user("bob", 2)
    github.sign_in_as("bob")
    sign_in(Client())
    bob.email = "bob@example.org"

    sign_in(client)

    address = EmailAddress.objects.get()
    assert (address.email, address.verified, address.primary) == ("bob@example.org", True, True)


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        ({"locked_at": timezone.now(), "lock_reason": "spam"}, "Reason: spam"),
        ({"is_active": False}, "This account was closed"),
    ],
)
def test_a_closed_account_stays_closed(
    client: Client, github: FakeGitHub, state: dict[str, object], reason: str
) -> None:
    make_user("alice", github_id=1, **state)

    answer = sign_in(client)

    assert answer.status_code == 403
    assert reason in answer.content.decode()
    assert "_auth_user_id" not in client.session


def test_nobody_adds_a_second_github_identity(client: Client, github: FakeGitHub) -> None:
    bob = make_user("bob", github_id=2)
    client.force_login(bob)

    sign_in(client, process="connect")

    assert not SocialAccount.objects.filter(user=bob).exists()
    assert client.get("/settings/profile").context["user"].login == "alice"


def test_it_leads_nowhere_else(client: Client, github: FakeGitHub) -> None:
    assert sign_in(client, next="https://evil.example/")["Location"] == "/dashboard"


def test_in_read_only_mode_people_sign_in_and_nothing_about_them_is_refreshed(
    client: Client, github: FakeGitHub, settings: Settings
) -> None:
    sign_in(Client())
    User.objects.update(name="as it was")
    settings.READ_ONLY = True

    assert sign_in(client)["Location"] == "/dashboard"

    assert User.objects.get().name == "as it was"


def test_in_read_only_mode_nobody_new_comes(
    client: Client, github: FakeGitHub, settings: Settings
) -> None:
    settings.READ_ONLY = True

    answer = sign_in(client)

    assert (answer.status_code, User.objects.count()) == (503, 0)
