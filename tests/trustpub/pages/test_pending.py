from datetime import timedelta
from urllib.parse import urlencode

import pytest
from django.conf import settings as current
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from tests.factories.registry import make_crate
from tests.factories.trustpub import github_form, make_issuer, make_pending
from trustpub.models import Issuer, PendingPublisher
from trustpub.pages.pending import crate_names
from trustpub.queries.pending import pending_cards

pytestmark = pytest.mark.django_db
PAGE = "/settings/publishers/new"


@pytest.fixture
def issuer(client: Client, alice: User) -> Issuer:
    client.force_login(alice)
    Issuer.objects.all().delete()
    return make_issuer(name="Our forge")


def form_of(issuer: Issuer, names: str = "tide", **fields: str | None) -> dict[str, str]:
    form = {"issuer": str(issuer.pk), "names": names} | github_form(**fields)
    return {name: value or "" for name, value in form.items()}


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("tide", ["tide"]),
        (" tide, pool\r\nreef\ttide,,", ["tide", "pool", "reef"]),
        (" , \n", []),
    ],
)
def test_names_are_read_as_people_type_them(text: str, names: list[str]) -> None:
    assert crate_names(text) == names


def test_it_registers_one_for_each_name(client: Client, alice: User, issuer: Issuer) -> None:
    for days in ("0", "91", "soon"):
        wrong = client.post(PAGE, {**form_of(issuer), "days": days})
        assert "1 to 90" in wrong.content.decode()

    answer = client.post(PAGE, {**form_of(issuer, "tide, tide-macros"), "days": " 7 "})

    assert answer["Location"] == "/settings/publishers"
    assert {pending.crate_name for pending in alice.pending_publishers.all()} == {
        "tide",
        "tide-macros",
    }
    days = (alice.pending_publishers.all()[0].expires_at - timezone.now()).days
    assert days == 6
    files = [card.workflow_file for card in pending_cards(alice)]
    assert ["--workspace" in file for file in files] == [True, True]

    client.post(PAGE, form_of(issuer, "reef", workflow_filename="reef.yml"))
    files = [card.workflow_file for card in pending_cards(alice)]
    assert ["--workspace" in file for file in files] == [True, True, False]


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ({"address": "https://forge.example/octo/hello.git"}, "hello"),
        ({"repository": "octo/hello-world"}, "hello-world"),
        ({"address": "https://forge.example/octo/hello.world"}, ""),
        ({"address": "https://forge.example/octo/<b>"}, ""),
        ({}, ""),
    ],
)
def test_a_pasted_address_suggests_the_crates_name(
    client: Client, issuer: Issuer, query: dict[str, str], name: str
) -> None:
    assert client.get(PAGE, query).context["names"] == name


def test_one_is_suspended_and_resumed_by_a_click(
    client: Client, alice: User, bob: User, issuer: Issuer
) -> None:
    pending, foreign = make_pending("tide", alice, issuer), make_pending("reef", bob, issuer)
    page = "/settings/publishers"

    stopped = client.post(f"{page}/{pending.pk}/suspend", follow=True).content.decode()

    assert "founds nothing until you resume it" in stopped
    assert f'action="{page}/{pending.pk}/resume"' in stopped
    resumed = client.post(f"{page}/{pending.pk}/resume", follow=True).content.decode()
    assert "Waits for its first publish" in resumed
    again = client.post(f"{page}/{pending.pk}/resume", follow=True).content.decode()
    assert "is not suspended" in again
    assert client.post(f"{page}/{foreign.pk}/suspend").status_code == 404
    assert client.post(f"{page}/{pending.pk}/explode").status_code == 404


def test_it_registers_all_or_none(client: Client, issuer: Issuer) -> None:
    make_crate("pool")

    answer = client.post(PAGE, form_of(issuer, "tide pool"))

    assert answer.status_code == 409
    assert "the crate name `pool` is not available" in answer.content.decode()
    assert "tide pool</textarea>" in answer.content.decode()
    assert not PendingPublisher.objects.exists()


@pytest.mark.parametrize(
    ("names", "complaint"),
    [("", "Name at least one crate."), ("1tide", "1tide"), ("t\0ide", "crate name")],
)
def test_it_says_what_is_wrong_with_a_name(
    client: Client, issuer: Issuer, names: str, complaint: str
) -> None:
    answer = client.post(PAGE, form_of(issuer, names))

    assert answer.status_code == 400
    assert complaint in answer.content.decode()
    assert not PendingPublisher.objects.exists()


def test_the_complaint_stands_at_its_field(client: Client, issuer: Issuer) -> None:
    answer = client.post(PAGE, form_of(issuer, repository_owner="-"))

    errors = answer.context["form"].errors
    assert answer.status_code == 400
    assert list(errors) == ["repository_owner"]


def test_it_says_that_the_name_is_not_held(client: Client, issuer: Issuer) -> None:
    page = client.get(PAGE).content.decode()

    assert "The name is not held for you." in page
    assert f"within {current.PENDING_PUBLISHER_LIFETIME.days} days" in page


def test_the_link_of_a_refused_exchange_fills_the_form(client: Client, issuer: Issuer) -> None:
    gitlab = make_issuer("gitlab", url="https://git.example", name="Our GitLab")
    link = urlencode(
        {
            "issuer": gitlab.url,
            "repository": "group/sub/tide",
            "workflow": ".gitlab-ci.yml",
            "environment": "",
        }
    )

    form = client.get(f"{PAGE}?{link}").context["form"]

    assert form.issuer == gitlab
    assert form.values == {
        "namespace": "group/sub",
        "project": "tide",
        "workflow_filepath": ".gitlab-ci.yml",
    }
    assert form.from_link == {"repository": "group/sub/tide", "workflow": ".gitlab-ci.yml"}


def test_a_link_to_an_issuer_that_is_not_trusted_says_so(client: Client, issuer: Issuer) -> None:
    answer = client.get(PAGE, {"issuer": "https://elsewhere.example", "repository": "a/b"})

    assert "takes no publishers on this registry" in answer.content.decode()


def test_the_list_shows_what_is_open_and_nothing_of_others(
    client: Client, alice: User, bob: User, issuer: Issuer
) -> None:
    make_pending("tide", alice, issuer)
    make_pending("reef", alice, issuer, expires_at=timezone.now() - timedelta(days=1))
    make_pending("pool", bob, issuer)

    cards = client.get("/settings/publishers").context["cards"]

    assert [card.pending.crate_name for card in cards] == ["tide"]
    assert "--package tide" in cards[0].workflow_file


def test_it_cancels_ones_own(client: Client, alice: User, issuer: Issuer) -> None:
    pending = make_pending("tide", alice, issuer)

    answer = client.post(f"/settings/publishers/{pending.pk}/cancel")

    assert answer["Location"] == "/settings/publishers"
    assert not PendingPublisher.objects.exists()


def test_it_does_not_cancel_anothers(client: Client, bob: User, issuer: Issuer) -> None:
    pending = make_pending("tide", bob, issuer)

    answer = client.post(f"/settings/publishers/{pending.pk}/cancel")

    assert answer.status_code == 404
    assert PendingPublisher.objects.exists()


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_takes_a_constant_number_of_queries(
    client: Client,
    alice: User,
    issuer: Issuer,
    count: int,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    for number in range(count):
        make_pending(f"tide-{number}", alice, issuer)

    # Session, user, pending publishers.
    with django_assert_num_queries(3):
        client.get("/settings/publishers")
