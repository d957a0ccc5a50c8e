"""The OAuth flow in a real browser, between a running server and a GitHub on loopback."""

from urllib.parse import parse_qsl, urlsplit

import pytest
from playwright.sync_api import Browser, expect

from tests.accounts.pages.place import Place
from tests.browser import page_in
from tests.codes import fresh_code

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_somebody_signs_in_and_out(place: Place, browser: Browser) -> None:
    place.person("gina", 4242, email="gina@example.org")

    with page_in(browser) as page:
        # The content policy lets the form lead to GitHub, and back after consent.
        place.sign_in(page)
        expect(page.get_by_text("Gina G.")).to_be_visible()
        expect(page.get_by_text("gina@example.org")).to_be_visible()

        # The operator allows GitHub's pictures, and so does the content policy.
        picture = page.get_by_role("banner").locator("img.initial")
        assert picture.evaluate("image => image.decode().then(() => image.naturalWidth)")

        # Scripts cannot read the cookie, and other sites' forms do not send it.
        (cookie,) = [c for c in page.context.cookies() if c["name"] == "sessionid"]
        assert cookie["httpOnly"]
        assert cookie["sameSite"] == "Lax"

        # Signing out ends it.
        page.get_by_role("main").get_by_role("button", name="Sign out").click()
        place.expect_nobody(page)


def test_who_denies_is_not_signed_in(place: Place, browser: Browser) -> None:
    place.person("dora", 4301, email="dora@example.org")

    with page_in(browser) as page:
        place.start(page)
        page.get_by_role("button", name="Deny").click()

        expect(page.get_by_role("heading", name="Not signed in")).to_be_visible()
        expect(page.get_by_text("You did not let Waybill know who you are")).to_be_visible()
        place.expect_nobody(page)


def test_an_answer_to_another_browser_signs_nobody_in(place: Place, browser: Browser) -> None:
    # Mallory wants to have her victim signed in as Mallory, to collect their tokens.
    mallory = place.person("mallory", 4311, email="mallory@example.org")

    with page_in(browser, refusals=True) as page:
        place.start(page)
        asked = dict(parse_qsl(urlsplit(page.url).query))
        bait = place.github.oauth.approve(asked, mallory)

        with page_in(browser, refusals=True) as victim:
            victim.goto(bait)
            expect(victim.get_by_role("heading", name="Not signed in")).to_be_visible()
            expect(victim.get_by_text("was started in another browser")).to_be_visible()
            place.expect_nobody(victim)

        # Nor does a state that nobody gave out, in the browser that began.
        page.goto(bait.replace(f"state={asked['state']}", "state=forged"))
        expect(page.get_by_role("heading", name="Not signed in")).to_be_visible()
        place.expect_nobody(page)


def test_a_suspended_app_signs_nobody_in_and_says_so(place: Place, browser: Browser) -> None:
    place.person("sue", 4321, email="sue@example.org")
    place.github.oauth.is_suspended = True

    try:
        with page_in(browser, refusals=True) as page:
            place.start(page)

            expect(page.get_by_role("heading", name="Not signed in")).to_be_visible()
            expect(page.get_by_text("The answer of GitHub could not be used")).to_be_visible()
    finally:
        place.github.oauth.is_suspended = False


def test_who_revoked_the_app_consents_again_and_has_the_same_account(
    place: Place, browser: Browser
) -> None:
    account = place.person("rita", 4331, email="rita@example.org")

    with page_in(browser) as page:
        place.sign_in(page)
        since = page.get_by_text("4331").inner_text()
        place.github.oauth.revoke_all(account)

        # The session is the registry's own and goes on; the next sign-in asks GitHub again.
        page.reload()
        expect(page.get_by_text("Rita G.")).to_be_visible()
        page.get_by_role("main").get_by_role("button", name="Sign out").click()
        place.sign_in(page)

        assert page.get_by_text("4331").inner_text() == since
        expect(page.get_by_text("rita@example.org")).to_be_visible()


def test_who_has_no_verified_address_is_told_what_that_means(
    place: Place, browser: Browser
) -> None:
    place.person("nora", 4341)

    with page_in(browser) as page:
        place.sign_in(page)

        expect(page.get_by_text("you can neither publish crates nor")).to_be_visible()


def test_a_renamed_login_keeps_the_account(place: Place, browser: Browser) -> None:
    place.person("olive", 4351, email="olive@example.org")

    with page_in(browser) as page:
        place.sign_in(page)
        place.github.rename_user("olive", "olivia")
        page.get_by_role("main").get_by_role("button", name="Sign out").click()
        place.sign_in(page)

        expect(page.get_by_role("banner").get_by_text("olivia", exact=True)).to_be_visible()
        expect(page.get_by_text("olive@example.org")).to_be_visible()


def test_a_login_that_somebody_else_registered_opens_nothing(
    place: Place, browser: Browser
) -> None:
    place.person("vera", 4361, email="vera@example.org")

    with page_in(browser) as page:
        place.sign_in(page)
        page.goto(f"{place.server.url}/settings/tokens/new")
        page.get_by_label("Name").fill("veras laptop")
        page.get_by_label("Publish new versions of existing crates").check()
        page.get_by_role("button", name="Make token").click()
        expect(page.get_by_text("Copy it now.")).to_be_visible()

    # Vera gave up her login at GitHub, and a stranger took it.
    place.github.rename_user("vera", "vera-moved")
    place.person("vera", 4362, email="stranger@example.org")
    with page_in(browser) as page:
        place.sign_in(page)
        expect(page.get_by_role("banner").get_by_text("vera", exact=True)).to_be_visible()
        expect(page.get_by_text("stranger@example.org")).to_be_visible()
        expect(page.get_by_text("vera@example.org")).not_to_be_visible()
        page.goto(f"{place.server.url}/settings/tokens")
        expect(page.get_by_role("heading", name="No tokens yet")).to_be_visible()

    # The account is Vera's still, under the name that she has now.
    place.github.sign_in_as("vera-moved")
    with page_in(browser) as page:
        place.sign_in(page)
        expect(page.get_by_text("vera@example.org")).to_be_visible()
        page.goto(f"{place.server.url}/settings/tokens")
        expect(page.get_by_role("heading", name="veras laptop")).to_be_visible()


def test_a_stale_session_proves_itself_at_github_and_goes_on(
    place: Place, browser: Browser
) -> None:
    place.person("fritz", 4371, email="fritz@example.org")

    with page_in(browser) as page:
        place.sign_in(page)
        page.goto(f"{place.server.url}/confirm-identity")
        page.get_by_role("button", name="Confirm with GitHub").click()
        page.get_by_role("button", name="Approve").click()

        # Nothing was held up, so it leads to the dashboard.
        expect(page).to_have_url(f"{place.server.url}/dashboard")


def test_a_second_factor_is_set_up_and_asked_for(place: Place, browser: Browser) -> None:
    place.person("tess", 4381, email="tess@example.org")

    with page_in(browser) as page:
        place.sign_in(page)
        page.goto(f"{place.server.url}/settings/second-factor")
        page.get_by_role("link", name="Set up an authenticator app").click()
        secret = page.locator("#totp-key").inner_text().replace(" ", "")
        page.get_by_label("The code that the app shows now").fill(fresh_code(secret))
        page.get_by_role("button", name="Turn it on").click()
        spare = page.locator("#recovery-codes").inner_text().split()
        assert len(spare) == 10

        # At the next sign-in GitHub's word is not enough.
        page.locator(".menu > summary").click()
        page.get_by_role("banner").get_by_role("button", name="Sign out").click()
        place.start(page)
        page.get_by_role("button", name="Approve").click()
        expect(page.get_by_role("heading", name="One more step, tess")).to_be_visible()
        page.get_by_label("Code of your authenticator app").fill(spare[0])
        page.get_by_role("button", name="Go on").click()

        expect(page).to_have_url(f"{place.server.url}/settings/profile")
