"""Debian's Chromium, driven through the pages as a person would."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import ConsoleMessage, Page, sync_playwright

CHROMIUM = Path("/usr/bin/chromium")


@contextmanager
def browser_page(*, refusals: bool = False, width: int = 1280) -> Iterator[Page]:
    """A fresh browser; what its console complains about fails the test.

    With `refusals` answers such as 401 are part of the story. Without Chromium the test is skipped, or fails where REQUIRE_SERVICES=1 says that it must run.
    """
    if not CHROMIUM.exists():
        missing = f"{CHROMIUM} is missing; install it with: apt-get install chromium"
        if os.environ.get("REQUIRE_SERVICES") == "1":
            pytest.fail(missing)
        pytest.skip(missing)
    complaints: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page(viewport={"width": width, "height": 900})
        # Most of all, a content policy that a page breaks.
        page.on("console", lambda message: complaints.extend(_complaint(message, refusals)))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.set_default_timeout(15_000)
        yield page
        browser.close()
    assert not complaints, "\n".join(complaints)


def _complaint(message: ConsoleMessage, refusals: bool) -> list[str]:
    if refusals and "the server responded with a status of 4" in message.text:
        return []
    # Chromium asks the fake GitHub for an icon that nobody declared.
    asked_by_itself = str(message.location.get("url", "")).endswith("/favicon.ico")
    return [] if asked_by_itself else [message.text]
