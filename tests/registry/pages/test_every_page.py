"""Every page in a real browser, against what all pages promise, and the journey of a reader."""

import pytest
from django.conf import LazySettings
from playwright.sync_api import expect
from pytest_django.live_server_helper import LiveServer

from tests.browser import browser_page, chromium, page_in, session_of
from tests.factories.showcase import Showcase, fill
from tests.registry.pages import problems
from tests.registry.pages.visit import TOOLS, Visit

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]

MOVING = """() => [...document.querySelectorAll("*")].filter(one => {
    const style = getComputedStyle(one);
    return style.scrollBehavior !== "auto" || style.animationName !== "none"
        || style.transitionDuration !== "0s";
}).map(one => one.outerHTML.slice(0, 100))"""


@pytest.fixture
def showcase(live_server: LiveServer) -> Showcase:
    return fill()


def test_every_page_is_whole_valid_accessible_and_small(
    live_server: LiveServer, showcase: Showcase, settings: LazySettings
) -> None:
    settings.ROOT_URLCONF = problems.__name__
    settings.GITHUB_API_URL = "http://127.0.0.1:9"
    session = session_of(showcase.owner, live_server)
    complaints: list[str] = []

    with chromium() as browser, page_in(browser, refusals=True) as page:
        page.add_init_script(TOOLS)
        for address in showcase.public:
            status = 404 if "no-such" in address else 200
            complaints += Visit(page, address, status).make(live_server.url)
        for status in problems.STATUSES:
            complaints += Visit(page, f"/problem/{status}", status).make(live_server.url)
        page.context.add_cookies([session])
        for address in showcase.private:
            complaints += Visit(page, address).make(live_server.url)

    assert not complaints, "\n".join(complaints)


def test_a_reader_finds_a_crate_and_sees_where_it_came_from(
    live_server: LiveServer, showcase: Showcase
) -> None:
    with browser_page() as page:
        # A key leads to the search, which suggests while one types.
        page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        page.goto(f"{live_server.url}/policies")
        page.keyboard.press("/")
        page.keyboard.type("tid")
        expect(page.get_by_role("option", name="tide")).to_be_visible()
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Enter")
        expect(page).to_have_url(f"{live_server.url}/crates/tide")

        # The line for cargo is copied, and who may publish is said.
        page.get_by_role("button", name="Copy").first.click()
        expect(page.get_by_role("button", name="Copied")).to_be_visible()
        copied = page.evaluate("navigator.clipboard.readText()")
        assert copied == "cargo add tide --registry waybill"
        expect(page.get_by_text("CI, and the owners with API tokens.")).to_be_visible()

        # Another key leads to the versions, which can be sorted.
        page.keyboard.press("v")
        page.get_by_role("columnheader", name="Downloads").get_by_role("button").click()
        first = page.get_by_role("table").last.get_by_role("row").nth(1)
        expect(first).to_contain_text("1.14.0")

        # From the oldest one it shows, everything links on to where it came from.
        page.get_by_role("link", name="2.20.0").click()
        expect(page.get_by_role("link", name="octo/hello", exact=True)).to_have_attribute(
            "href", "https://github.com/octo/hello"
        )

        # Keys are listed, and can be switched off.
        page.wait_for_load_state()
        page.keyboard.press("?")
        page.get_by_label("Keys work").uncheck()
        page.get_by_role("button", name="Close").click()
        page.keyboard.press("v")
        expect(page.get_by_text("Where this version came from")).to_be_visible()

        # Nothing moves for somebody who does not want it.
        page.emulate_media(reduced_motion="reduce")
        assert page.evaluate(MOVING) == []

    with chromium() as browser, page_in(browser, scripts=False) as page:
        # All of it works without scripts.
        page.goto(live_server.url)
        page.get_by_role("searchbox").fill("tide")
        page.get_by_role("button", name="Search").click()
        page.get_by_role("link", name="tide", exact=True).click()
        page.get_by_role("link", name="Versions").click()
        page.get_by_text("Downloads by week as a table").click()
        expect(page.get_by_role("region", name="Downloads by week")).to_be_visible()
        expect(page.get_by_role("button", name="Copy")).to_have_count(0)
