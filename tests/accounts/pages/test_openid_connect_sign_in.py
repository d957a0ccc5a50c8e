"""The code flow, with a provider on loopback that plays its part over real sockets."""

from collections.abc import Iterator
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.test import Client
from pytest_django import Settings

from accounts.models import User
from tests.factories.registry import make_user
from tests.oidc_provider import CLIENT, SECRET, OidcProvider

pytestmark = pytest.mark.django_db

ERIN = {
    "sub": "00u1",
    "preferred_username": "erin.example",
    "name": "Erin E.",
    "email": "erin@example.org",
    "email_verified": True,
}


@pytest.fixture
def provider(settings: Settings) -> Iterator[OidcProvider]:
    with OidcProvider() as server:
        settings.OIDC_LOGIN = True
        settings.OIDC_NAME = "Example Inc"
        settings.OIDC_ISSUER = server.url
        settings.PUBLIC_URL = "http://testserver"
        settings.SOCIALACCOUNT_PROVIDERS = {
            "openid_connect": {
                "OAUTH_PKCE_ENABLED": True,
                "APPS": [
                    {
                        "provider_id": "oidc",
                        "name": "Example Inc",
                        "client_id": CLIENT,
                        "secret": SECRET,
                        "settings": {"server_url": server.url},
                    }
                ],
            }
        }
        server.person = dict(ERIN)
        yield server


def sign_in(client: Client, **form: str) -> Any:
    leave = client.post("/accounts/oidc/login/", form)
    assert leave.status_code == 302, leave.content
    parts = urlsplit(leave["Location"])
    connection = HTTPConnection(parts.netloc, timeout=60)
    connection.request("GET", f"{parts.path}?{parts.query}")
    back = connection.getresponse()
    back.read()
    connection.close()
    return client.get(back.getheader("Location") or "")


def test_a_first_sign_in_makes_an_account(client: Client, provider: OidcProvider) -> None:
    answer = sign_in(client, next="/settings/tokens")

    erin = User.objects.get()
    assert answer["Location"] == "/settings/tokens"
    assert (erin.login, erin.name, erin.github_id) == ("erin-example", "Erin E.", None)
    assert erin.verified_email() == "erin@example.org"
    assert not erin.has_usable_password()


def test_the_sign_in_page_offers_it_by_name(client: Client, provider: OidcProvider) -> None:
    page = client.get("/sign-in").content.decode()

    assert "Sign in with Example Inc" in page
    assert "GITHUB_CLIENT_ID" not in page


def test_the_code_is_bound_to_the_browser_and_comes_back_to_our_own_address(
    client: Client, provider: OidcProvider
) -> None:
    sign_in(client)

    (asked,) = provider.asked
    assert asked["redirect_uri"] == "http://testserver/accounts/oidc/login/callback/"
    assert asked["code_challenge_method"] == "S256"
    assert set(asked["scope"].split()) == {"openid", "profile", "email"}


def test_the_subject_decides_whatever_else_changes(client: Client, provider: OidcProvider) -> None:
    sign_in(Client())
    provider.person |= {"preferred_username": "renamed", "name": "Erin F."}

    sign_in(client)

    erin = User.objects.get()
    assert (erin.login, erin.name) == ("erin-example", "Erin F.")


def test_another_subject_with_the_name_gets_an_account_of_its_own(
    client: Client, provider: OidcProvider
) -> None:
    sign_in(Client())
    provider.person |= {"sub": "00u2"}

    sign_in(client)

    before, now = User.objects.order_by("pk")
    assert (before.login, now.login) == ("erin-example", "erin-example-2")
    # The address is Erin's and proves nothing about who else has it.
    assert (before.verified_email(), now.verified_email()) == ("erin@example.org", None)


def test_a_local_account_with_the_login_is_not_taken_over(
    client: Client, provider: OidcProvider
) -> None:
    local = make_user("erin-example")

    sign_in(client)

    assert client.get("/settings/profile").context["user"] != local


def test_the_subject_of_another_issuer_is_somebody_else(
    client: Client, provider: OidcProvider, settings: Settings
) -> None:
    sign_in(Client())
    with OidcProvider(provider.key) as other:
        other.person = dict(ERIN)
        settings.OIDC_ISSUER = other.url
        app = settings.SOCIALACCOUNT_PROVIDERS["openid_connect"]["APPS"][0]
        app["settings"]["server_url"] = other.url

        sign_in(client)

    assert User.objects.count() == 2


@pytest.mark.parametrize("verified", [False, None])
def test_an_address_that_the_provider_did_not_verify_is_not_kept(
    client: Client, provider: OidcProvider, verified: bool | None
) -> None:
    provider.person["email_verified"] = verified

    sign_in(client)

    assert User.objects.get().verified_email() is None


def test_an_answer_about_somebody_else_is_refused(client: Client, provider: OidcProvider) -> None:
    provider.userinfo = {**ERIN, "sub": "00u9"}

    answer = sign_in(client)

    assert answer.status_code == 401
    assert "The answer of Example Inc could not be used" in answer.content.decode()
    assert not User.objects.exists()


@pytest.mark.parametrize(
    "change",
    [{"iss": "https://elsewhere.example"}, {"aud": "another client"}, {"exp": 1_000_000_000}],
    ids=["issuer", "audience", "expired"],
)
def test_an_id_token_that_is_not_for_us_is_refused(
    client: Client, provider: OidcProvider, change: dict[str, Any]
) -> None:
    provider.userinfo = dict(ERIN)
    provider.person |= change

    assert sign_in(client).status_code == 401
    assert not User.objects.exists()


@pytest.mark.parametrize(
    "query", ["code=abc&state=forged", "code=abc", "error=access_denied", "error=server_error", ""]
)
def test_an_answer_that_nobody_asked_for_is_refused(
    client: Client, provider: OidcProvider, query: str
) -> None:
    answer = client.get(f"/accounts/oidc/login/callback/?{query}")

    assert answer.status_code == 401
    assert not User.objects.exists()


def test_a_discovery_document_of_another_issuer_is_not_believed(
    client: Client, provider: OidcProvider
) -> None:
    provider.announced_issuer = "https://elsewhere.example"

    answer = client.post("/accounts/oidc/login/")

    assert answer.status_code == 503
    assert "Example Inc" in answer.content.decode()


def test_a_provider_that_does_not_answer_is_a_page(client: Client, provider: OidcProvider) -> None:
    client.get("/sign-in")
    provider.__exit__(None, None, None)

    assert client.post("/accounts/oidc/login/").status_code == 503


def test_without_the_setting_there_is_no_such_page(client: Client) -> None:
    assert client.post("/accounts/oidc/login/").status_code == 404
    assert client.get("/accounts/oidc/login/callback/?code=1").status_code == 404


def test_a_closed_account_stays_closed(client: Client, provider: OidcProvider) -> None:
    sign_in(Client())
    User.objects.update(is_active=False)

    answer = sign_in(client)

    assert answer.status_code == 403
    assert "_auth_user_id" not in client.session
