"""Who may open which private page: a grid."""

import pytest
from django.test import Client

from accounts.models import User
from tests.cases import in_turn
from tests.factories.registry import make_crate

pytestmark = pytest.mark.django_db

OWN = [
    "/dashboard",
    "/settings/profile",
    "/settings/tokens",
    "/settings/tokens/new",
    "/settings/publishers",
    "/settings/publishers/new",
    "/settings/email",
    "/settings/notifications",
    "/me/pending-invites",
]
OF_CRATE = [
    "/crates/tide/settings",
    "/crates/tide/settings/owners",
    "/crates/tide/settings/delete",
    "/crates/tide/settings/publishers/new",
]
POSTS_OF_CRATE = [
    "/crates/tide/settings/owners/add",
    "/crates/tide/settings/owners/remove",
    "/crates/tide/settings/owners/withdraw",
    "/crates/tide/settings/publishers/1/remove",
]
POSTS = [
    *POSTS_OF_CRATE,
    "/settings/tokens/1/revoke",
    "/settings/publishers/1/cancel",
    "/settings/email/resend",
    "/me/pending-invites/1",
]
FORMS_OF_CRATE = ["/crates/tide/settings/publishers/new", "/crates/tide/settings/delete"]
FORMS = [
    *FORMS_OF_CRATE,
    "/settings/tokens/new",
    "/settings/publishers/new",
    "/settings/email",
    "/settings/notifications",
]


@pytest.fixture(autouse=True)
def _tide(alice: User) -> None:
    make_crate("tide", owner=alice)


@in_turn("page", OWN + OF_CRATE)
def test_visitors_are_sent_to_sign_in_and_back(client: Client, page: str) -> None:
    assert client.get(page)["Location"] == f"/sign-in?next={page}"


@in_turn("page", OWN + OF_CRATE)
def test_owners_may_and_nothing_is_cached(client: Client, alice: User, page: str) -> None:
    client.force_login(alice)

    answer = client.get(page)

    assert answer.status_code == 200
    assert "no-store" in answer["Cache-Control"]


@in_turn("page", OWN)
def test_everybody_has_pages_of_their_own(client: Client, charlie: User, page: str) -> None:
    client.force_login(charlie)

    assert client.get(page).status_code == 200


@in_turn("page", OF_CRATE)
def test_strangers_may_not_see_a_crates_settings(client: Client, charlie: User, page: str) -> None:
    client.force_login(charlie)

    answer = client.get(page)

    assert answer.status_code == 403
    assert "Only owners of tide" in answer.content.decode()


@in_turn("page", [*POSTS_OF_CRATE, *FORMS_OF_CRATE])
def test_strangers_may_not_change_a_crates_settings(
    client: Client, charlie: User, page: str
) -> None:
    client.force_login(charlie)

    assert client.post(page, {"login": "charlie"}).status_code == 403


@in_turn("page", POSTS)
def test_a_link_changes_nothing(client: Client, alice: User, page: str) -> None:
    client.force_login(alice)

    assert client.get(page).status_code == 405


@in_turn("page", [*POSTS, *FORMS])
def test_a_change_needs_our_own_form(alice: User, page: str) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice)

    assert client.post(page).status_code == 403


@in_turn("page", OWN + OF_CRATE)
def test_other_methods_are_refused(client: Client, alice: User, page: str) -> None:
    client.force_login(alice)

    assert client.put(page).status_code == 405
    assert client.delete(page).status_code == 405


@in_turn("page", ["/crates/none/settings", "/crates/no%00name/settings"])
def test_a_crate_that_does_not_exist_has_no_settings(
    client: Client, alice: User, page: str
) -> None:
    client.force_login(alice)

    assert client.get(page).status_code == 404


@in_turn("rest", ["settings", "settings/publishers/new"])
def test_another_spelling_leads_to_the_stored_one(client: Client, alice: User, rest: str) -> None:
    client.force_login(alice)

    assert client.get(f"/crates/TIDE/{rest}")["Location"] == f"/crates/tide/{rest}"
