from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from accounts.models import User
from accounts.operations.moderators import make_moderator
from accounts.operations.tokens import create_token
from registry.actors import Moderator, System
from registry.models import PublishKind
from registry.operations.quarantine import quarantine_crate, quarantine_version
from tests.factories.registry import make_crate, make_invitation, make_version
from tests.factories.trustpub import make_issuer, make_pending, make_publisher
from trustpub.models import Publisher

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _signed_in(client: Client, alice: User) -> None:
    client.force_login(alice)


def test_it_leads_on_where_there_is_nothing_yet(client: Client) -> None:
    page = client.get("/dashboard").content.decode()

    assert 'href="/settings/publishers/new"' in page
    assert 'href="/settings/tokens/new"' in page


def test_it_says_that_a_second_factor_is_missing_where_owners_need_one(
    client: Client, settings: Settings
) -> None:
    assert "asks owners for a second factor" not in client.get("/dashboard").content.decode()

    settings.REQUIRE_SECOND_FACTOR = True

    assert "asks owners for a second factor" in client.get("/dashboard").content.decode()


def test_it_says_what_moderators_keep_in_quarantine_and_why(
    client: Client, alice: User, bob: User
) -> None:
    make_moderator(actor=System("tests"), user=bob)
    mod = Moderator(User.objects.get(pk=bob.pk), "build.rs reads ~/.ssh")
    hidden, shown = make_crate("hidden", owner=alice), make_crate("shown", owner=alice)
    versions = [make_version(shown, num) for num in ("1.0.0", "1.1.0")]
    make_version(hidden)
    quarantine_crate(actor=mod, crate=hidden, reason="build.rs reads ~/.ssh")
    quarantine_version(actor=mod, version=versions[0], reason="build.rs reads ~/.ssh")

    page = " ".join(client.get("/dashboard").content.decode().split())

    assert "<strong>hidden </strong> is in quarantine: nobody sees it, and nobody can" in page
    assert "<strong>shown 1.0.0</strong> is in quarantine: nobody sees it." in page
    assert page.count("A moderator says: “build.rs reads ~/.ssh”") == 2
    client.force_login(bob)
    assert "is in quarantine" not in client.get("/dashboard").content.decode()


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
    for name in ("tide", "pool", "reef", "lagoon"):
        make_pending(name, alice)

    page = client.get("/dashboard").content.decode()

    assert page.count("Waits for its first publish") == 3
    assert "octo/hello" in page
    assert '<a href="/settings/publishers">1 more</a> waits as well.' in page


def test_it_tells_of_invitations_that_wait(client: Client, alice: User, bob: User) -> None:
    assert "You are invited" not in client.get("/dashboard").content.decode()
    make_invitation(make_crate("reef", owner=bob), alice, bob)

    page = client.get("/dashboard").content.decode()

    assert "You are invited to own 1 crate." in page
    assert 'href="/me/pending-invites"' in page


@pytest.mark.parametrize("count", [0, 1, 100])
def test_it_takes_a_constant_number_of_queries(
    client: Client, alice: User, count: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    issuer = make_issuer()
    create_token(user=alice, name="laptop")
    for number in range(count):
        crate = make_crate(f"tide-{number}", owner=alice)
        make_version(crate)
        make_publisher(crate, issuer, form={"workflow_filename": f"{number}.yml"})
        if number < 4:
            make_pending(f"pool-{number}", alice, issuer)

    # Session, user, crates, newest versions, publishers, tokens, pending publishers, invitations.
    # Of no crates Django asks neither versions nor publishers, and nobody asks for tokens.
    with django_assert_num_queries(10 if count else 7):
        client.get("/dashboard")


def test_what_needs_attention_comes_first(client: Client, alice: User) -> None:
    suspended = make_crate("a-suspended", owner=alice)
    make_publisher(suspended, state=Publisher.State.SUSPENDED)
    by_token = make_crate("b-by-token", owner=alice, trustpub_only=True)
    make_publisher(by_token)
    make_version(by_token, created_at=timezone.now() + timedelta(seconds=1))
    leftover = make_crate("c-leftover", owner=alice)
    make_publisher(leftover)
    open_to_all = make_crate("d-open", owner=alice, trustpub_only=True)
    make_publisher(open_to_all, form={"environment": None})
    make_publisher(make_crate("e-fine", owner=alice, trustpub_only=True))
    make_version(make_crate("f-token-only", owner=alice))
    create_token(user=alice, name="laptop", scopes=["publish-update"], patterns=["c-*"])
    create_token(user=alice, name="yanker", scopes=["yank"])

    answer = client.get("/dashboard")

    rows = answer.context["crates"]
    assert [row.crate.name for row in rows][:4] == [
        "a-suspended",
        "b-by-token",
        "c-leftover",
        "d-open",
    ]
    assert [row.weight for row in rows] == [4, 3, 2, 1, 0, 0]
    page = answer.content.decode()
    assert "4 of 6 need your attention" in page
    assert "cannot publish any more" in page
    assert "Version 1.0.0 came by an API token although a workflow is trusted" in page
    assert "Can be published with your token “laptop”" in page
    assert "yanker" not in page
    assert 'href="/crates/f-token-only/settings/publishers/new"' in page
    assert page.count("every new version needs a token") == 1


def test_a_crate_that_only_ci_may_publish_has_no_leftover_tokens(
    client: Client, alice: User
) -> None:
    create_token(user=alice, name="laptop")
    make_publisher(make_crate("tide", owner=alice, trustpub_only=True))

    (row,) = client.get("/dashboard").context["crates"]

    assert row.attention == []


def test_it_has_pages(client: Client, alice: User) -> None:
    for number in range(101):
        make_crate(f"tide-{number}", owner=alice)

    first, second = client.get("/dashboard"), client.get("/dashboard?page=2")

    assert (len(first.context["crates"]), len(second.context["crates"])) == (100, 1)
    assert "Page 2 of 2" in second.content.decode()
