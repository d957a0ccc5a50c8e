"""A registry with a GitHub and a company's sign-in, all on loopback, for real browsers."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect

from demo.github_server import FakeGitHub
from demo.github_world import FakeAccount
from tests.oidc_provider import CLIENT, SECRET, OidcProvider
from tests.prepared import Prepared
from tests.server import Server

COMPANY = "Example Inc"


class Place:
    """Every test brings people of its own."""

    def __init__(self, server: Server, github: FakeGitHub, company: OidcProvider) -> None:
        self.server = server
        self.github = github
        self.company = company

    def person(self, login: str, id: int, *, email: str | None = None) -> FakeAccount:
        """Somebody who is signed in at GitHub in the browser that comes next."""
        account = self.github.add_user(login, id, email=email, name=f"{login.title()} G.")
        self.github.sign_in_as(login)
        return account

    def employee(self, login: str, **claims: Any) -> None:
        """Somebody who is signed in at the company in the browser that comes next."""
        self.company.person = {
            "sub": f"id of {login}",
            "preferred_username": login,
            "name": f"{login.title()} E.",
            "email": f"{login}@example.org",
            "email_verified": True,
            **claims,
        }

    def start(self, page: Page, provider: str = "GitHub") -> None:
        """Up to where GitHub asks for consent; the company asks nothing."""
        page.goto(f"{self.server.url}/settings/profile")
        page.get_by_role("button", name=f"Sign in with {provider}").click()

    def sign_in(self, page: Page) -> None:
        self.start(page)
        page.get_by_role("button", name="Approve").click()
        expect(page).to_have_url(f"{self.server.url}/settings/profile")

    def expect_nobody(self, page: Page) -> None:
        page.goto(f"{self.server.url}/settings/profile")
        expect(page.get_by_role("button", name="Sign in with GitHub")).to_be_visible()


@contextmanager
def started_place(folder: Path, prepared: Prepared) -> Iterator[Place]:
    with (
        FakeGitHub(ask_consent=True) as github,
        OidcProvider() as company,
        prepared.copy(folder / "data") as database,
    ):
        server = Server(
            folder,
            database=database,
            # Browsers keep passkeys for names alone.
            host="localhost",
            GITHUB_URL=github.url,
            GITHUB_API_URL=github.api_url,
            GITHUB_CLIENT_ID=github.client_id,
            GITHUB_CLIENT_SECRET=github.client_secret,
            OIDC_ISSUER=company.url,
            OIDC_CLIENT_ID=CLIENT,
            OIDC_CLIENT_SECRET=SECRET,
            OIDC_NAME=COMPANY,
            AVATAR_SITES=github.url,
        )
        try:
            server.start()
            yield Place(server, github, company)
        finally:
            server.kill()
