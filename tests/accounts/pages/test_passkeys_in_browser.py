"""Passkeys in a real browser, with an authenticator that Chromium plays."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import Browser, CDPSession, Page, expect

from tests.accounts.pages.place import COMPANY, Place
from tests.browser import page_in

pytestmark = [pytest.mark.browser, pytest.mark.slow]

KIND = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


class Finger:
    """On the sensor, as long as nobody takes it away."""

    def __init__(self, page: Page) -> None:
        self._devtools: CDPSession = page.context.new_cdp_session(page)
        self._devtools.send("WebAuthn.enable")
        added = self._devtools.send("WebAuthn.addVirtualAuthenticator", {"options": KIND})
        self._id = {"authenticatorId": added["authenticatorId"]}

    def passkey(self) -> dict[str, Any]:
        """The only one there is."""
        found = self._devtools.send("WebAuthn.getCredentials", self._id)
        (passkey,) = found["credentials"]
        return dict(passkey)

    def put_back(self, passkey: dict[str, Any], **changes: object) -> None:
        """As a copy that was made when it was so."""
        self._devtools.send("WebAuthn.clearCredentials", self._id)
        copied = {**passkey, **changes}
        self._devtools.send("WebAuthn.addCredential", {**self._id, "credential": copied})

    def take_away(self) -> None:
        self._devtools.send("WebAuthn.setUserVerified", {**self._id, "isUserVerified": False})
        self._devtools.send("WebAuthn.clearCredentials", self._id)


@contextmanager
def signed_in(place: Place, browser: Browser, login: str) -> Iterator[tuple[Page, Finger]]:
    """With a passkey that is called `laptop`."""
    place.employee(login)
    with page_in(browser, refusals=True) as page:
        finger = Finger(page)
        place.start(page, COMPANY)
        page.goto(f"{place.server.url}/settings/second-factor")
        page.get_by_role("button", name="Add a passkey").click()
        page.get_by_label("Name").fill("laptop")
        page.get_by_role("button", name="Make the passkey").click()
        assert len(page.locator("#recovery-codes").inner_text().split()) == 10
        yield page, finger


def sign_out(page: Page) -> None:
    page.locator(".menu > summary").click()
    page.get_by_role("banner").get_by_role("button", name="Sign out").click()


def test_a_passkey_is_added_asked_for_and_removed(place: Place, browser: Browser) -> None:
    with signed_in(place, browser, "pia") as (page, _):
        page.get_by_role("link", name="I have kept them").click()
        expect(page.get_by_text("not used yet")).to_be_visible()

        # The same device makes no second one.
        page.get_by_role("button", name="Add a passkey").click()
        page.get_by_role("button", name="Make the passkey").click()
        expect(page.get_by_text("has a passkey of this account already")).to_be_visible()

        # At the next sign-in the company's word is not enough.
        sign_out(page)
        place.start(page, COMPANY)
        expect(page.get_by_role("heading", name="One more step, pia")).to_be_visible()
        page.get_by_role("button", name="Use a passkey").click()
        expect(page).to_have_url(f"{place.server.url}/settings/profile")

        # It is a proof of identity by itself.
        page.goto(f"{place.server.url}/confirm-identity")
        page.get_by_role("button", name="Confirm with a passkey").click()
        expect(page).to_have_url(f"{place.server.url}/dashboard")

        # Without it, signing in asks for nothing more.
        page.goto(f"{place.server.url}/settings/second-factor")
        page.get_by_text("Remove", exact=True).click()
        page.get_by_role("button", name="Remove laptop").click()
        expect(page.get_by_text("no longer asks for a second factor")).to_be_visible()
        sign_out(page)
        place.start(page, COMPANY)
        expect(page).to_have_url(f"{place.server.url}/settings/profile")


def test_a_copied_passkey_is_refused_and_a_recovery_code_helps(
    place: Place, browser: Browser
) -> None:
    with signed_in(place, browser, "cleo") as (page, finger):
        spare = page.locator("#recovery-codes").inner_text().split()
        before = finger.passkey()
        sign_out(page)
        place.start(page, COMPANY)
        page.get_by_role("button", name="Use a passkey").click()
        expect(page).to_have_url(f"{place.server.url}/settings/profile")
        sign_out(page)
        finger.put_back(before, signCount=0)

        place.start(page, COMPANY)
        page.get_by_role("button", name="Use a passkey").click()

        expect(page.get_by_text("there may be a copy of it")).to_be_visible()
        page.get_by_label("Recovery code").fill(spare[0])
        page.get_by_role("button", name="Go on").click()
        expect(page).to_have_url(f"{place.server.url}/settings/profile")


def test_who_has_the_passkey_elsewhere_is_told_so(place: Place, browser: Browser) -> None:
    with signed_in(place, browser, "lena") as (page, finger):
        sign_out(page)
        finger.take_away()
        place.start(page, COMPANY)
        page.get_by_role("button", name="Use a passkey").click()

        expect(page.get_by_text("No passkey was used.")).to_be_visible()
        expect(page.get_by_role("button", name="Use a passkey")).to_be_enabled()


def test_a_page_of_another_site_gets_no_passkey(place: Place, browser: Browser) -> None:
    with signed_in(place, browser, "otis") as (page, _):
        # The same computer by another name; the browser holds the name against the question's.
        sign_out(page)
        place.start(page, COMPANY)
        options = page.locator("[data-passkey]").get_attribute("data-options")
        page.goto(place.server.url.replace("localhost", "other.localhost"))

        problem = page.evaluate(
            """async (options) => {
                const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options);
                try { await navigator.credentials.get({publicKey}); } catch (e) { return e.name; }
            }""",
            json.loads(options or ""),
        )

        assert problem == "SecurityError"
