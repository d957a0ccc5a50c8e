"""Debian's Chromium, driven through the pages as a person would."""

import os
from asyncio import AbstractEventLoop, events
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import (
    Browser,
    ConsoleMessage,
    Page,
    Playwright,
    expect,
    sync_playwright,
)
from pytest_django.live_server_helper import LiveServer

from accounts.models import User

# Without its windows, where Debian's package of that is installed, it takes a fifth less.
_INSTALLED = [Path("/usr/bin", name) for name in ("chromium-headless-shell", "chromium")]
CHROMIUM = next((path for path in _INSTALLED if path.exists()), _INSTALLED[-1])
# Of which a busy machine may need many, and another none.
MILLISECONDS_TO_WAIT = 60_000
expect.set_options(timeout=MILLISECONDS_TO_WAIT)
_loop: dict[str, AbstractEventLoop | None] = {}


@contextmanager
def browser_page(*, refusals: bool = False, width: int = 1280) -> Iterator[Page]:
    """A page with cookies of its own, as `page_in` gives it."""
    with chromium() as browser, page_in(browser, refusals=refusals, width=width) as page:
        yield page


@contextmanager
def chromium() -> Iterator[Browser]:
    """The one browser of this process, which ends with it.

    Without Chromium the test is skipped, or fails where REQUIRE_SERVICES=1 says that it must run.
    """
    if not CHROMIUM.exists():
        missing = f"{CHROMIUM} is missing; install it with: apt-get install chromium"
        if os.environ.get("REQUIRE_SERVICES") == "1":
            pytest.fail(missing)
        pytest.skip(missing)
    with _loop_in_view():
        yield _started()


@contextmanager
def page_in(
    browser: Browser, *, refusals: bool = False, width: int = 1280, scripts: bool = True
) -> Iterator[Page]:
    """A page with cookies of its own.

    What its console complains about fails the test; with `refusals` an answer such as 401 is
    part of the story.
    """
    complaints: list[str] = []
    size = {"width": width, "height": 900}
    page = browser.new_page(viewport=size, java_script_enabled=scripts)  # type: ignore[arg-type]
    # Most of all, a content policy that a page breaks.
    page.on("console", lambda message: complaints.extend(_complaint(message, refusals)))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.set_default_timeout(MILLISECONDS_TO_WAIT)
    try:
        yield page
    finally:
        page.context.close()
    assert not complaints, "\n".join(complaints)


def session_of(user: User, server: LiveServer) -> Any:
    """The cookie of somebody who is signed in."""
    client = Client()
    client.force_login(user)
    name = settings.SESSION_COOKIE_NAME
    return {"name": name, "value": client.cookies[name].value, "url": server.url}


def stop() -> None:
    """Ends the browser of this process, if there is one."""
    if _started.cache_info().currsize:
        with _loop_in_view():
            _started().close()
            _driver().stop()


@contextmanager
def _loop_in_view() -> Iterator[None]:
    """The driver's loop sleeps in this thread, and Django would call every test asynchronous.

    So this thread has a running loop for as long as somebody uses the browser, and only then.
    """
    before = events._get_running_loop()
    events._set_running_loop(before or _loop.get("driver"))
    try:
        yield
    finally:
        _loop["driver"] = events._get_running_loop()
        events._set_running_loop(before)


@cache
def _started() -> Browser:
    # To compile for speed what runs once for each page costs more than it saves.
    arguments = ["--no-sandbox", "--disable-gpu", "--js-flags=--max-opt=1"]
    return _driver().chromium.launch(
        executable_path=CHROMIUM, args=arguments, timeout=MILLISECONDS_TO_WAIT
    )


@cache
def _driver() -> Playwright:
    return sync_playwright().start()


def _complaint(message: ConsoleMessage, refusals: bool) -> list[str]:
    if refusals and "the server responded with a status of" in message.text:
        return []
    # Chromium asks the fake GitHub for an icon that nobody declared.
    asked_by_itself = str(message.location.get("url", "")).endswith("/favicon.ico")
    return [] if asked_by_itself else [message.text]
