"""The company's own sign-in in a real browser, with a provider on loopback."""

import pytest
from playwright.sync_api import Browser, expect

from tests.accounts.pages.place import COMPANY, Place
from tests.browser import page_in

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_an_employee_signs_in_out_and_proves_who_they_are(place: Place, browser: Browser) -> None:
    place.employee("erin")

    with page_in(browser) as page:
        # The content policy lets the form lead to the provider, and back.
        place.start(page, COMPANY)
        expect(page).to_have_url(f"{place.server.url}/settings/profile")
        expect(page.get_by_text("Erin E.")).to_be_visible()
        expect(page.get_by_text("erin@example.org")).to_be_visible()
        first = page.context.cookies()

        # A proof asks the provider anew, and changes the cookie.
        page.goto(f"{place.server.url}/confirm-identity")
        page.get_by_role("button", name=f"Confirm with {COMPANY}").click()
        expect(page).to_have_url(f"{place.server.url}/dashboard")
        assert place.company.asked[-1]["prompt"] == "login"
        former, present = (
            next(cookie["value"] for cookie in cookies if cookie["name"] == "sessionid")
            for cookies in (first, page.context.cookies())
        )
        assert former != present

        page.locator(".menu > summary").click()
        page.get_by_role("banner").get_by_role("button", name="Sign out").click()
        place.expect_nobody(page)


def test_who_denies_at_the_company_is_not_signed_in(place: Place, browser: Browser) -> None:
    place.employee("dan")
    place.company.denies = True

    try:
        with page_in(browser) as page:
            place.start(page, COMPANY)

            expect(page.get_by_role("heading", name="Not signed in")).to_be_visible()
            expect(page.get_by_text(f"who you are at {COMPANY}")).to_be_visible()
            place.expect_nobody(page)
    finally:
        place.company.denies = False


def test_an_answer_of_the_company_to_another_browser_signs_nobody_in(
    place: Place, browser: Browser
) -> None:
    place.employee("mallory")

    with page_in(browser, refusals=True) as page:
        place.start(page, COMPANY)
        expect(page).to_have_url(f"{place.server.url}/settings/profile")
        # What the provider would answer to Mallory's browser, were it asked once more.
        bait = place.company.answer_to(place.company.asked[-1])

        with page_in(browser, refusals=True) as victim:
            for address in (bait, bait.replace("state=", "state=forged")):
                victim.goto(address)
                expect(victim.get_by_role("heading", name="Not signed in")).to_be_visible()
                expect(victim.get_by_text("was started in another browser")).to_be_visible()
            place.expect_nobody(victim)


@pytest.mark.parametrize(
    ("login", "claims"),
    [("nell", {"email": None}), ("otto", {"email_verified": False})],
    ids=["no address", "not verified"],
)
def test_an_employee_without_a_verified_address_is_told_what_that_means(
    place: Place, browser: Browser, login: str, claims: dict[str, object]
) -> None:
    place.employee(login, **claims)

    with page_in(browser) as page:
        place.start(page, COMPANY)

        expect(page.get_by_text(f"{login.title()} E.")).to_be_visible()
        expect(page.get_by_text("you can neither publish crates nor")).to_be_visible()
