"""Owning a crate together, in a real browser."""

import pytest
from playwright.sync_api import expect
from pytest_django.live_server_helper import LiveServer

from accounts.models import User
from tests.browser import browser_page, session_of
from tests.factories.registry import make_crate

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]


def test_somebody_is_invited_accepts_and_leaves(
    live_server: LiveServer, alice: User, bob: User
) -> None:
    tide = make_crate("tide", owner=alice)
    alices, bobs = session_of(alice, live_server), session_of(bob, live_server)

    with browser_page() as page:
        # Alice invites Bob.
        page.context.add_cookies([alices])
        page.goto(f"{live_server.url}/crates/tide/settings")
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
