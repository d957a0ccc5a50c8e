import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from registry.models import Follow
from registry.operations.follow import follow
from tests.factories.registry import make_crate, make_version

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _signed_in(client: Client, alice: User) -> None:
    client.force_login(alice)


def test_a_crates_page_offers_to_follow_it_and_to_stop(client: Client, alice: User) -> None:
    make_version(make_crate("tide"))

    before = client.get("/crates/tide").content.decode()
    answer = client.post("/crates/tide/follow", {"follow": "yes"})
    after = client.get("/crates/tide").content.decode()

    assert ">Follow<" in before
    assert answer["Location"] == "/crates/tide"
    assert ">Unfollow<" in after
    assert Follow.objects.get().user == alice

    client.post("/crates/tide/follow", {"follow": "no", "next": "/settings/following"})
    assert not Follow.objects.exists()


def test_a_visitor_sees_no_button(client: Client) -> None:
    make_version(make_crate("tide"))
    client.logout()

    assert ">Follow<" not in client.get("/crates/tide").content.decode()
    assert client.post("/crates/tide/follow")["Location"].startswith("/sign-in")


@pytest.mark.parametrize("crates", [0, 1, 4])
def test_the_feed_takes_a_constant_number_of_queries(
    client: Client, alice: User, crates: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(crates):
        crate = make_crate(f"tide-{number}")
        make_version(crate)
        follow(user=alice, crate=crate)
    make_version(make_crate("reef"))

    # Session, user, followed crates, their versions.
    with django_assert_num_queries(4):
        page = client.get("/settings/following")

    assert len(page.context["feed"].versions) == crates
    assert "reef" not in page.content.decode()


def test_the_feed_has_pages(client: Client, alice: User) -> None:
    crate = make_crate("tide")
    follow(user=alice, crate=crate)
    for number in range(31):
        make_version(crate, f"1.0.{number}")

    first, second = client.get("/settings/following"), client.get("/settings/following?page=2")

    assert "?page=2" in first.content.decode()
    assert len(second.context["feed"].versions) == 1
    assert "?page=3" not in second.content.decode()
