"""What an operator says of an issuer: its addresses, its name, whose it is."""

from typing import Any

import pytest
from pytest_django import Settings

from accounts.errors import InvalidInput
from demo.github_server import FakeGitHub
from registry.actors import System
from tests.cases import in_turn
from trustpub.models import Issuer
from trustpub.operations.issuers import Organization, organization_named, trust_issuer

pytestmark = pytest.mark.django_db
URL = "https://git.example.org"
SHELL = System("tests")


def trust(url: str = URL, provider: str = "gitlab", **more: Any) -> Issuer:
    return trust_issuer(actor=SHELL, provider=provider, url=url, **more)


@in_turn(
    ("url", "said"),
    [
        ("", "scheme, host and path"),
        ("git.example.org", "scheme, host and path"),
        ("https://", "scheme, host and path"),
        ("https:///path", "scheme, host and path"),
        ("https://git.example.org:0", "scheme, host and path"),
        ("https://git.example.org:99999", "scheme, host and path"),
        ("https://[::1", "scheme, host and path"),
        ("https://ci@git.example.org", "scheme, host and path"),
        ("https://git.example.org?a=b", "scheme, host and path"),
        ("https://git.example.org#a", "scheme, host and path"),
        (" https://git.example.org", "scheme, host and path"),
        ("https://git.example.org ", "scheme, host and path"),
        ("https://gıt.example.org", "scheme, host and path"),
        ("https://git.example.org/\x07", "scheme, host and path"),
        ("https://git.example.org/" + "a" * 232, "scheme, host and path"),
        ("http://git.example.org", "must use https"),
        ("http://192.0.2.1", "must use https"),
        ("http://localhost.example.org", "must use https"),
        ("ftp://localhost", "must use https"),
        ("ftp://127.0.0.1", "must use https"),
    ],
)
def test_an_address_that_nobody_should_trust_is_refused(url: str, said: str) -> None:
    for place in ({"url": url}, {"web_url": url}, {"api_url": url}):
        # An empty one is none, but for the issuer's own.
        if url or "url" in place:
            with pytest.raises(InvalidInput, match=said):
                trust(**place)

    assert not Issuer.objects.filter(provider="gitlab", url__in=[url, URL]).exists()


@in_turn(
    "url",
    [
        "https://git.example.org:8443/gitlab",
        "https://git.example.org/" + "a" * 231,
        "http://localhost:8000",
        "http://127.0.0.1:8000",
        "http://[::1]:8000",
    ],
)
def test_addresses_that_will_do(url: str) -> None:
    assert trust(url, api_url="").url == url


def test_its_pages_and_its_api_are_where_they_usually_are() -> None:
    assert trust("https://a.example").api_url == "https://a.example/api/v4"
    assert trust("https://b.example", api_url="").api_url == ""
    assert (
        trust("https://c.example", api_url="https://api.example/").api_url == "https://api.example"
    )
    # Behind a test issuer of this machine there is no forge, unless it is named.
    assert trust("http://127.0.0.1:8001").api_url == ""
    named = trust("http://127.0.0.1:8002", web_url="https://forge.example/")
    assert (named.web_url, named.api_url) == (
        "https://forge.example",
        "https://forge.example/api/v4",
    )


def test_what_is_not_said_again_stays() -> None:
    first = trust(name="Ours", web_url="https://forge.example", key_hosts=["keys.example"])
    again = trust()

    for row in (first, again):
        assert (row.name, row.web_url, row.api_url, row.extra_key_hosts) == (
            "Ours", "https://forge.example", "https://forge.example/api/v4", ["keys.example"],
        )  # fmt: skip
    changed = trust(name="Theirs", api_url="", key_hosts=["other.example"])
    assert (changed.name, changed.api_url, changed.extra_key_hosts) == (
        "Theirs", "", ["other.example"],
    )  # fmt: skip
    assert trust(web_url="https://moved.example").api_url == "https://moved.example/api/v4"
    assert trust("https://unnamed.example").name == "GitLab CI/CD (unnamed.example)"


def test_it_is_of_one_kind_for_good() -> None:
    trust()

    with pytest.raises(InvalidInput, match="cannot change its kind"):
        trust(provider="github")
    with pytest.raises(InvalidInput, match="unknown provider `made_up`; choose from"):
        trust(provider="made_up")
    for state in ("enabled", "disabled"):
        with pytest.raises(InvalidInput, match=r"GitLab CI/CD: .*no option"):
            trust(options={"made_up": 1}, state=state)
    with pytest.raises(InvalidInput, match="accept_fixed_audience is required"):
        trust("https://org.semaphore.example", "semaphore")


def test_whose_it_is_stays_as_it_is() -> None:
    ours = Organization(42, "rustaceans")
    trust()
    trust("https://ours.example", organization=ours)

    with pytest.raises(InvalidInput, match="is trusted for everybody already"):
        trust(organization=ours)
    with pytest.raises(InvalidInput, match="is trusted for rustaceans already"):
        trust("https://ours.example", organization=Organization(43, "others"))
    # Where it is not said again it stays.
    for whose in (None, ours):
        assert trust("https://ours.example", organization=whose).organization_id == 42
    forge = "https://token.actions.githubusercontent.com"
    with pytest.raises(InvalidInput, match="which others rely on"):
        trust(f"{forge}/rustaceans", "github", organization=ours)
    # The operator may give an enterprise a row of its own.
    assert trust(f"{forge}/rustaceans", "github").organization_id is None


def test_an_organization_is_one_on_github(settings: Settings) -> None:
    assert organization_named("rustaceans", 42) == Organization(42, "rustaceans")
    for login in ("", "a/b", "-a", "a b", "a" * 101):
        with pytest.raises(InvalidInput, match="is not the name of an organization"):
            organization_named(login, 42)

    with FakeGitHub() as github:
        settings.GITHUB_API_URL = github.api_url
        github.add_user("Rustaceans", 42, kind="Organization")
        github.add_user("mira-k", 7)
        assert organization_named("rustaceans") == Organization(42, "Rustaceans")
        for login in ("mira-k", "nobody"):
            with pytest.raises(InvalidInput, match=f"no organization `{login}` on GitHub"):
                organization_named(login)
    with pytest.raises(InvalidInput, match="GitHub does not tell the number of rustaceans"):
        organization_named("rustaceans")
