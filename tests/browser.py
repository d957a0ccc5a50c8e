"""Debian's Chromium, driven through the pages as a person would."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

CHROMIUM = Path("/usr/bin/chromium")


@contextmanager
def browser_page(*, width: int = 1280) -> Iterator[Page]:
    """A page in a browser of its own; what its console complains about fails the test."""
    with chromium() as browser, page_in(browser, width=width) as page:
        yield page


@contextmanager
def chromium() -> Iterator[Browser]:
    """A fresh browser, for the pages of one test or of several.

    Without Chromium the test is skipped, or fails where REQUIRE_SERVICES=1 says that it must run.
    """
    if not CHROMIUM.exists():
        missing = f"{CHROMIUM} is missing; install it with: apt-get install chromium"
        if os.environ.get("REQUIRE_SERVICES") == "1":
            pytest.fail(missing)
        pytest.skip(missing)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
        )
        yield browser
        browser.close()


@contextmanager
def page_in(browser: Browser, *, refusals: bool = False, width: int = 1280) -> Iterator[Page]:
    """A page with cookies of its own.

    What its console complains about fails the test; with `refusals` an answer such as 401 is
    part of the story.
    """
    complaints: list[str] = []
    page = browser.new_page(viewport={"width": width, "height": 900})
    # Most of all, a content policy that a page breaks.
    page.on("console", lambda message: complaints.extend(_complaint(message, refusals)))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.set_default_timeout(15_000)
    yield page
    page.context.close()
    assert not complaints, "\n".join(complaints)


def _complaint(message: ConsoleMessage, refusals: bool) -> list[str]:
    if refusals and "the server responded with a status of 4" in message.text:
        return []
    # Chromium asks the fake GitHub for an icon that nobody declared.
    asked_by_itself = str(message.location.get("url", "")).endswith("/favicon.ico")
    return [] if asked_by_itself else [message.text]
