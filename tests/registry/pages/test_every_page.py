"""Every page in a real browser, in both themes and at both widths, against what all pages promise.

One registry and one browser serve all of them; each page is loaded once and then turned around.
"""

import json
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any, ClassVar

import html5lib
import pytest
from axe_core_python.sync_playwright import Axe
from django.conf import settings
from django.test import Client
from playwright.sync_api import Page, Response, expect
from pytest_django.live_server_helper import LiveServer

from tests.browser import chromium, page_in
from tests.factories.showcase import Showcase, fill

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]

WIDTHS = ((1280, 900), (390, 844))
SCHEMES = ("light", "dark")
SERIOUS = ("serious", "critical")
MAX_HTML, MAX_CSS, MAX_JS, MAX_REQUESTS = 60_000, 45_000, 40_000, 12
# Themes and widths change colours and what is cut off; structure is judged once.
ONCE: dict[str, Any] = {"resultTypes": ["violations"]}
AGAIN: dict[str, Any] = ONCE | {"runOnly": {"type": "rule", "values": ["color-contrast"]}}
SHIFT = """() => new Promise(done => new PerformanceObserver(list => done(
    list.getEntries().reduce((sum, entry) => sum + entry.value, 0)
)).observe({type: "layout-shift", buffered: true}) || setTimeout(() => done(0), 50))"""
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"

UNSEEN_FOCUS = """() => [...document.querySelectorAll("a[href], button, input, select, textarea, "
    + "summary, [tabindex='0']")].filter(one => {
    if (!one.checkVisibility() || one.disabled || one.type === "hidden") return false;
    one.focus({preventScroll: true});
    const style = getComputedStyle(one);
    return document.activeElement === one
        && (style.outlineStyle === "none" || parseFloat(style.outlineWidth) < 2);
}).map(one => one.outerHTML.slice(0, 100))"""


class Visit:
    """One page, opened once; `complaints` is everything that it breaks."""

    # Of what the browser has seen before, it asks only whether it has changed.
    sizes: ClassVar[dict[str, int]] = {}

    def __init__(self, page: Page, address: str) -> None:
        self.page, self.address = page, address
        self.complaints: list[str] = []
        self.answers: list[Response] = []

    def make(self, url: str) -> list[str]:
        self.page.on("response", self._note)
        self.page.set_viewport_size({"width": WIDTHS[0][0], "height": WIDTHS[0][1]})
        self.page.emulate_media(color_scheme="light")
        answer = self.page.goto(url + self.address)
        self.page.remove_listener("response", self._note)
        assert answer is not None
        self._check_html(answer)
        self._check_budget(url)
        if shift := self.page.evaluate(SHIFT):
            self.complaints.append(f"shifts by {shift}")
        # A key was pressed last, so that focus is to be seen.
        self.page.keyboard.press("Tab")
        if unseen := self.page.evaluate(UNSEEN_FOCUS):
            self.complaints.append(f"does not show focus on {unseen[0]}")
        rules = ONCE
        for width, height in WIDTHS:
            self.page.set_viewport_size({"width": width, "height": height})
            if (by := self.page.evaluate(OVERFLOW)) > 0:
                self.complaints.append(f"is {by} pixels wider than {width}")
            for scheme in SCHEMES:
                self.page.emulate_media(color_scheme=scheme)
                self._check_axe(rules, f"{width}, {scheme}")
                rules = AGAIN
        return [f"{self.address} {complaint}" for complaint in self.complaints]

    def _note(self, answer: Response) -> None:
        self.answers.append(answer)

    def _check_html(self, answer: Response) -> None:
        expected = (404,) if "no-such" in self.address else (200,)
        if answer.status not in expected:
            self.complaints.append(f"answers {answer.status}")
        text = answer.text()
        try:
            html5lib.HTMLParser(strict=True).parse(text)
        except html5lib.html5parser.ParseError as error:
            self.complaints.append(f"is not valid HTML: {error}")
        if "\u202e" in text or "<script>alert" in text or " style=" in text:
            self.complaints.append("lets through what strangers wrote")

    def _check_budget(self, url: str) -> None:
        sizes = {"document": 0, "stylesheet": 0, "script": 0}
        for answer in self.answers:
            if not answer.url.startswith(url):
                self.complaints.append(f"asks {answer.url}")
            elif answer.request.resource_type in sizes:
                if answer.status != HTTPStatus.NOT_MODIFIED:
                    self.sizes[answer.url] = len(answer.body())
                sizes[answer.request.resource_type] += self.sizes[answer.url]
        limits = zip(sizes.items(), (MAX_HTML, MAX_CSS, MAX_JS), strict=True)
        self.complaints += [
            f"has {size} bytes of {kind}" for (kind, size), most in limits if size > most
        ]
        if len(self.answers) > MAX_REQUESTS:
            self.complaints.append(f"takes {len(self.answers)} requests")

    def _check_axe(self, options: dict[str, Any], state: str) -> None:
        found = self.page.evaluate(f"() => axe.run(document, {json.dumps(options)})")
        self.complaints += [
            f"({state}) {violation['id']}: {violation['nodes'][0]['html'][:120]}"
            for violation in found["violations"]
            if violation["impact"] in SERIOUS
        ]


@pytest.fixture
def showcase(live_server: LiveServer) -> Showcase:
    return fill()


@pytest.fixture
def page(session: dict[str, Any]) -> Iterator[Page]:
    with chromium() as browser, page_in(browser, refusals=True) as page:
        # By the driver, which no content policy concerns.
        page.add_init_script(Axe().axe_script)
        yield page


def test_every_page_is_whole_valid_accessible_and_small(
    live_server: LiveServer, showcase: Showcase, page: Page, session: dict[str, Any]
) -> None:
    complaints: list[str] = []

    for address in showcase.public:
        complaints += Visit(page, address).make(live_server.url)
    page.context.add_cookies([session])  # type: ignore[list-item]
    for address in showcase.private:
        complaints += Visit(page, address).make(live_server.url)

    assert not complaints, "\n".join(complaints)


def test_a_reader_finds_a_crate_and_sees_where_it_came_from(
    live_server: LiveServer, page: Page
) -> None:
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
    page.keyboard.press("?")
    page.get_by_label("Keys work").uncheck()
    page.get_by_role("button", name="Close").click()
    page.keyboard.press("v")
    expect(page.get_by_text("Where this version came from")).to_be_visible()


def test_pages_work_without_scripts(live_server: LiveServer, showcase: Showcase) -> None:
    with chromium() as browser:
        page = browser.new_context(java_script_enabled=False).new_page()

        page.goto(live_server.url)
        page.get_by_role("searchbox").fill("tide")
        page.get_by_role("button", name="Search").click()
        page.get_by_role("link", name="tide", exact=True).click()
        page.get_by_role("link", name="Versions").click()
        page.get_by_text("Downloads by week as a table").click()

        expect(page.get_by_role("region", name="Downloads by week")).to_be_visible()
        expect(page.get_by_role("button", name="Copy")).to_have_count(0)


@pytest.fixture
def session(showcase: Showcase, live_server: LiveServer) -> dict[str, Any]:
    client = Client()
    client.force_login(showcase.owner)
    name = settings.SESSION_COOKIE_NAME
    return {"name": name, "value": client.cookies[name].value, "url": live_server.url}
