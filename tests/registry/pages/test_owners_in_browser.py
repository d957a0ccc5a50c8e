"""Owning a crate, alone and together, in a real browser."""

import pytest
from django.conf import LazySettings
from playwright.sync_api import expect
from pytest_django.live_server_helper import LiveServer

from accounts.models import User
from tests.browser import browser_page, session_of
from tests.factories.registry import make_crate, make_version
from tests.factories.trustpub import make_issuer

# Nobody answers there.
NO_FORGE = "http://127.0.0.1:9"
pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]


def test_an_owner_trusts_a_workflow_and_shares_the_crate(
    live_server: LiveServer, alice: User, bob: User, settings: LazySettings
) -> None:
    settings.GITHUB_API_URL = NO_FORGE
    tide = make_crate("tide", owner=alice)
    make_version(tide)
    make_issuer(name="Forge")
    alices, bobs = session_of(alice, live_server), session_of(bob, live_server)

    with browser_page(refusals=True) as page:
        # Alice comes from the dashboard, and lets a workflow publish.
        page.context.add_cookies([alices])
        page.goto(f"{live_server.url}/dashboard")
        page.get_by_role("link", name="Settings of tide").click()
        page.get_by_role("link", name="Add a publisher").click()
        page.get_by_label("Repository owner").first.fill("octo")
        page.get_by_label("Repository name").fill("hello")
        page.get_by_label("Workflow filename").fill("release.txt")
        page.get_by_role("button", name="Add publisher").click()

        # What is wrong with a field is said at the field, and nothing that she typed is lost.
        expect(page.locator("[aria-invalid=true]")).to_have_value("release.txt")
        page.get_by_label("Workflow filename").fill("release.yml")
        page.get_by_role("button", name="Add publisher").click()
        expect(page.get_by_role("heading", name="What we could check")).to_be_visible()
        page.get_by_role("link", name="Go on").click()
        expect(
            page.get_by_role("heading", name="Workflow release.yml of octo/hello")
        ).to_be_visible()

        # The file to commit is there to copy, and its events are kept.
        page.get_by_text("The CI file to copy").click()
        expect(page.get_by_text("id-token: write")).to_be_visible()
        page.get_by_role("link", name="Events").click()
        expect(page.get_by_text("publisher.created")).to_be_visible()

        # She invites Bob.
        page.get_by_role("link", name="Publishing", exact=True).click()
        page.get_by_role("link", name="Add, invite and remove owners").click()
        page.get_by_label("Login or team").fill("bob")
        page.get_by_role("button", name="Add owner").click()
        expect(page.get_by_text("User bob has been invited")).to_be_visible()

        # His dashboard tells Bob, who accepts.
        page.context.add_cookies([bobs])
        page.goto(f"{live_server.url}/dashboard")
        page.get_by_role("link", name="Accept or decline").click()
        page.get_by_role("button", name="Accept tide").click()
        expect(page.get_by_text("You are now an owner of tide.")).to_be_visible()

        # He leaves again.
        page.get_by_role("link", name="Add, invite and remove owners").click()
        page.get_by_text("Leave", exact=False).click()
        page.get_by_role("button", name="Yes, remove bob").click()
        expect(page.get_by_text("bob is no longer an owner of tide.")).to_be_visible()

    assert not tide.is_owned_by(bob)
