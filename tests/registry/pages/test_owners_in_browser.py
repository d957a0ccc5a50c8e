"""Owning a crate together, in a real browser: nothing sticks out on a phone, nothing is refused."""

from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import expect
from pytest_django.live_server_helper import LiveServer

from accounts import token_text
from accounts.models import User
from registry.models import Team
from registry.operations.notifications import unsubscribe_token
from tests.browser import browser_page
from tests.factories.registry import (
    make_crate,
    make_invitation,
    make_owner,
    make_user,
    make_version,
)

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]
LONG = "a-name-that-is-as-long-as-the-grammar-of-crates-lets-it-be-64-xx"


def session_of(user: User, live_server: LiveServer) -> Any:
    """Made before the browser starts, which leaves the database to the server."""
    client = Client()
    client.force_login(user)
    name = settings.SESSION_COOKIE_NAME
    return {"name": name, "value": client.cookies[name].value, "url": live_server.url}


def test_pages_of_owners_fit_a_phone(live_server: LiveServer, alice: User, bob: User) -> None:
    addresses = _shared_crate(alice, bob)
    wide = {}
    session = session_of(alice, live_server)

    with browser_page() as page:
        page.context.add_cookies([session])
        page.set_viewport_size({"width": 390, "height": 844})
        for address in addresses:
            answer = page.goto(live_server.url + address)
            assert answer is not None
            assert answer.status == 200, address
            root = "document.documentElement"
            wide[address] = page.evaluate(f"{root}.scrollWidth - {root}.clientWidth")

    assert {address: by for address, by in wide.items() if by > 0} == {}


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


def _shared_crate(alice: User, bob: User) -> list[str]:
    """With everything long that can be, and the addresses of all pages around it."""
    crate = make_crate(LONG, owner=alice)
    make_version(crate)
    make_owner(crate, make_user("o" * 64))
    team = Team.objects.create(
        login=f"github:{'g' * 39}:{'t' * 80}", github_id=7, organization_id=42
    )
    crate.ownerships.create(team=team)
    make_invitation(crate, make_user("i" * 64), alice)
    make_invitation(crate, bob, alice, digest=token_text.digest("letter"))
    make_invitation(make_crate("reef", owner=bob), alice, bob)
    return [
        f"/crates/{LONG}/settings",
        f"/crates/{LONG}/settings/owners",
        f"/crates/{LONG}/settings/delete",
        "/dashboard",
        "/me/pending-invites",
        "/accept-invite/letter",
        "/settings/notifications",
        "/settings/email",
        "/settings/profile",
        f"/unsubscribe/{unsubscribe_token(alice, crate)}",
    ]
