"""A report and what a moderator makes of it, in a real browser."""

import pytest
from playwright.sync_api import expect
from pytest_django.live_server_helper import LiveServer

from accounts.models import User
from accounts.operations.moderators import make_moderator
from registry.actors import System
from tests.browser import browser_page, session_of
from tests.conftest import person
from tests.factories.registry import make_crate, make_version

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]


def test_a_crate_is_reported_looked_at_and_hidden(
    live_server: LiveServer, alice: User, bob: User
) -> None:
    make_version(make_crate("tide", owner=alice))
    mona = person("mona")
    make_moderator(actor=System("tests"), user=mona)
    bobs, monas = session_of(bob, live_server), session_of(mona, live_server)

    with browser_page() as page:
        # Bob finds something, and says where.
        page.context.add_cookies([bobs])
        page.goto(f"{live_server.url}/crates/tide")
        page.get_by_role("link", name="Report this crate").click()
        page.get_by_label("What is wrong?").select_option(index=1)
        page.get_by_label("What did you find?").fill("build.rs sends the environment away")
        page.get_by_role("button", name="Send to the moderators").click()
        expect(page.get_by_text("The moderators have been told")).to_be_visible()

        # Mona reads it in her queue.
        page.context.add_cookies([monas])
        page.goto(f"{live_server.url}/admin/registry/report/")
        page.get_by_role("link", name="tide").click()
        expect(page.get_by_text("build.rs sends the environment away")).to_be_visible()

        # She hides the crate: first she sees what that would change.
        page.goto(f"{live_server.url}/admin/registry/crate/")
        page.get_by_role("link", name="tide").click()
        page.get_by_role("link", name="Put into quarantine").click()
        page.get_by_label("Reason").fill("sends secrets away")
        page.get_by_role("button", name="Show what would change").click()
        expect(page.get_by_text("Nothing has changed yet.")).to_be_visible()
        page.get_by_role("button", name="Put into quarantine: confirm").click()
        expect(page.get_by_role("link", name="Back to the list")).to_be_visible()

        # Then she tells Bob.
        page.goto(f"{live_server.url}/admin/registry/report/")
        page.get_by_role("link", name="tide").click()
        page.get_by_role("link", name="Close: acted on").click()
        page.get_by_label("Answer").fill("Thank you, it is gone.")
        page.get_by_role("button", name="Show what would change").click()
        page.get_by_role("button", name="Close: acted on: confirm").click()
        expect(page.get_by_role("link", name="Back to the list")).to_be_visible()

        # Nobody finds the crate any more.
        page.goto(f"{live_server.url}/search?q=tide")
        expect(page.get_by_role("heading", name="Nothing found")).to_be_visible()
