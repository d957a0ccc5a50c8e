"""Journeys through a running server in a real browser."""

import pytest
from playwright.sync_api import expect

from tests.browser import browser_page
from tests.server import Server

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_a_token_is_made_shown_once_and_revoked(running_server: Server) -> None:
    running_server.manage("create_user", "wanda", "--email", "wanda@example.org")

    with browser_page() as page:
        # A visitor who wants to see the tokens signs in first and is brought back.
        page.goto(f"{running_server.url}/settings/tokens")
        page.get_by_role("link", name="sign in without a password").click()
        page.get_by_label("Login").fill("wanda")
        page.get_by_role("button", name="Sign in", exact=True).click()
        expect(page).to_have_url(f"{running_server.url}/settings/tokens")

        # She makes a token that may publish, and copies it from the only page that shows it.
        page.get_by_role("link", name="New token").click()
        page.get_by_label("Name").fill("laptop")
        page.get_by_label("Publish new versions of existing crates").check()
        page.get_by_role("button", name="Make token").click()
        text = page.locator("#new-token").inner_text()
        assert text.startswith("wbl_")
        expect(page.get_by_text("cargo login --registry waybill")).to_be_visible()

        # The list has the token's name and limits, and nothing of its text.
        page.get_by_role("link", name="back to my tokens").click()
        expect(page.get_by_role("heading", name="laptop")).to_be_visible()
        assert text not in page.content()

        # Revoking asks once more, and the token is gone.
        page.get_by_text("Revoke", exact=True).click()
        page.get_by_role("button", name="Revoke laptop").click()
        expect(page.get_by_text("The token laptop is revoked.")).to_be_visible()
        expect(page.get_by_role("heading", name="No tokens yet")).to_be_visible()
