import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from registry.models import PublishKind
from tests.factories.registry import make_crate, make_invitation, make_version
from tests.factories.trustpub import make_issuer, make_pending, make_publisher

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _signed_in(client: Client, alice: User) -> None:
    client.force_login(alice)


def test_it_leads_on_where_there_is_nothing_yet(client: Client) -> None:
    page = client.get("/dashboard").content.decode()

    assert 'href="/settings/publishers/new"' in page
    assert 'href="/settings/tokens/new"' in page


def test_it_shows_where_the_newest_version_came_from(client: Client, alice: User) -> None:
    tide = make_crate("tide", owner=alice)
    make_version(tide, "1.0.0", kind=PublishKind.TOKEN)
    make_version(tide, "1.1.0", kind=PublishKind.TRUSTED)

    page = client.get("/dashboard").content.decode()

    assert 'href="/crates/tide/1.1.0"' in page
    assert "badge--trusted" in page
    assert "1.0.0" not in page


def test_it_says_where_a_publisher_asks_for_no_environment(client: Client, alice: User) -> None:
    make_publisher(make_crate("tide", owner=alice))
    make_publisher(make_crate("pool", owner=alice), form={"environment": None})

    rows = {row.crate.name: row for row in client.get("/dashboard").context["crates"]}

    assert (rows["tide"].publishers, rows["tide"].open_to_branches) == (1, False)
    assert (rows["pool"].publishers, rows["pool"].open_to_branches) == (1, True)


def test_it_shows_nothing_of_others(client: Client, bob: User) -> None:
    make_crate("reef", owner=bob)
    make_pending("reef-macros", bob)

    page = client.get("/dashboard").content.decode()

    assert "reef" not in page


def test_it_lists_what_waits_for_a_first_publish(client: Client, alice: User) -> None:
    make_pending("tide", alice)

    page = client.get("/dashboard").content.decode()

    assert "waits for its first publish" in page
    assert "octo/hello" in page


def test_it_tells_of_invitations_that_wait(client: Client, alice: User, bob: User) -> None:
    assert "You are invited" not in client.get("/dashboard").content.decode()
    make_invitation(make_crate("reef", owner=bob), alice, bob)

    page = client.get("/dashboard").content.decode()

    assert "You are invited to own 1 crate." in page
    assert 'href="/me/pending-invites"' in page


@pytest.mark.parametrize("count", [0, 1, 4])
def test_it_takes_a_constant_number_of_queries(
    client: Client, alice: User, count: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    issuer = make_issuer()
    for number in range(count):
        crate = make_crate(f"tide-{number}", owner=alice)
        make_version(crate)
        make_publisher(crate, issuer, form={"workflow_filename": f"{number}.yml"})
        make_pending(f"pool-{number}", alice, issuer)

    # Session, user, crates, newest versions, publishers, pending publishers, invitations; of no
    # crates Django asks neither versions nor publishers.
    with django_assert_num_queries(7 if count else 5):
        client.get("/dashboard")
