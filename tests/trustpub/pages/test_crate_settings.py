from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from accounts.operations.tokens import create_token
from registry.models import Crate, Team, VersionAction
from tests.factories.registry import make_crate, make_version
from tests.factories.trustpub import make_issuer, make_publisher, make_refusal, make_workload
from trustpub.models import Publisher
from trustpub.queries.crate_settings import trust_settings, workflow_file

pytestmark = pytest.mark.django_db
PAGE = "/crates/tide/settings"


@pytest.fixture
def tide(client: Client, alice: User) -> Crate:
    client.force_login(alice)
    return make_crate("tide", owner=alice)


def page_of(client: Client) -> str:
    return client.get(PAGE).content.decode()


def test_it_shows_a_publisher_with_what_it_is_bound_to(client: Client, tide: Crate) -> None:
    make_publisher(tide)

    page = page_of(client)

    assert "release.yml of octo/hello" in page
    assert 'repository <span class="mono">74</span>' in page
    assert "badge--trusted" in page
    assert "Everyone who can push" not in page


def test_it_links_the_run_of_the_last_version_that_a_publisher_published(
    client: Client, tide: Crate
) -> None:
    grant = make_publisher(tide, last_used_at=timezone.now())
    came = {"issuer_url": grant.publisher.issuer.url, "repository_id": "74"}
    for num, workflow in (("1.0.0", "release.yml"), ("1.1.0", "release.yml"), ("2.0.0", "ci.yml")):
        links = {"run": f"https://forge.example/runs/{num}"}
        make_version(tide, num, provenance={**came, "workflow": workflow, "links": links})

    page = " ".join(page_of(client).split())

    assert '<a class="mono" href="/crates/tide/1.1.0">1.1.0</a>' in page
    assert 'href="https://forge.example/runs/1.1.0"' in page
    assert "runs/2.0.0" not in page


def test_a_long_list_is_folded(client: Client, tide: Crate) -> None:
    issuer, folded = make_issuer(), "What it asks for"
    for number in range(6):
        if number == 5:
            assert folded not in page_of(client)
        make_publisher(tide, issuer, form={"workflow_filename": f"{number}.yml"})

    assert page_of(client).count(folded) == 6


def test_it_says_until_when_an_unpinned_publisher_must_be_used(client: Client, tide: Crate) -> None:
    make_publisher(
        tide,
        repository_id="",
        repository_owner_id="",
        pin_before=datetime(2030, 5, 4, 3, 2, tzinfo=UTC),
    )

    page = page_of(client)

    assert "must be used before 4 May 2030 03:02 UTC" in page
    assert "Waits for its first use" in page


def test_it_says_why_a_publisher_was_stopped(client: Client, tide: Crate) -> None:
    make_publisher(tide, state=Publisher.State.SUSPENDED, state_reason="the ids changed")

    assert "It publishes nothing: the ids changed" in page_of(client)


def test_it_warns_of_a_publisher_without_an_environment(client: Client, tide: Crate) -> None:
    make_publisher(tide, form={"environment": None})

    assert "Everyone who can push a branch can publish." in page_of(client)


def test_it_gives_the_ci_file_to_copy(client: Client, tide: Crate) -> None:
    make_publisher(tide)

    page = page_of(client)

    assert "cargo publish --registry waybill --package tide" in page
    assert "id-token: write" in page


def test_it_counts_the_owners_tokens_that_could_publish(
    client: Client, tide: Crate, alice: User, bob: User
) -> None:
    create_token(user=alice, name="all")
    create_token(user=alice, name="this", scopes=["publish-update"], patterns=["ti*"])
    create_token(user=alice, name="other crate", scopes=["publish-update"], patterns=["pool"])
    create_token(user=alice, name="other scope", scopes=["yank"])
    create_token(user=bob, name="other person")

    assert "2 API tokens of this crate" in page_of(client)


def test_tokens_do_not_count_where_only_ci_may_publish(
    client: Client, tide: Crate, alice: User
) -> None:
    create_token(user=alice, name="all")
    Crate.objects.update(trustpub_only=True)

    page = page_of(client)

    assert "API token of this crate" not in page
    assert "Nobody can publish." in page


def test_it_shows_what_was_refused_beside_what_is_expected(client: Client, tide: Crate) -> None:
    grant = make_publisher(tide)
    differences = [{"field": "workflow", "expected": "release.yml", "received": "ci.yml"}]
    make_refusal(
        grant.publisher.issuer,
        differences=[
            {"publisher": grant.publisher_id, "differences": differences},
            {
                "label": "of another crate",
                "differences": [{"field": "environment", "expected": "vault-eu", "received": ""}],
            },
        ],
    )

    page = page_of(client)

    assert "publisher_mismatch" in page
    assert "ci.yml" in page
    assert "vault-eu" not in page
    assert "https://forge.example/octo/hello/actions/runs/1658821493" in page


@pytest.mark.parametrize(
    ("pinned", "repository", "repository_id", "is_shown"),
    [
        (True, "octo/hello", "74", True),
        (True, "octo/renamed", "74", True),
        (True, "octo/hello", "75", False),
        (False, "OCTO/Hello", "75", True),
        (False, "octo/other", "74", False),
    ],
)
def test_a_refusal_is_shown_to_whose_publisher_it_concerns(
    client: Client, tide: Crate, pinned: bool, repository: str, repository_id: str, is_shown: bool
) -> None:
    ids: dict[str, Any] = {} if pinned else {"repository_id": "", "repository_owner_id": ""}
    grant = make_publisher(tide, **ids)
    workload = {"repository": repository, "repository_id": repository_id}

    make_refusal(grant.publisher.issuer, workload=workload)

    assert len(client.get(PAGE).context["trust"].refusals) == int(is_shown)


def test_the_same_ids_at_another_issuer_are_somebody_else(client: Client, tide: Crate) -> None:
    make_publisher(tide)

    make_refusal(make_issuer())

    assert client.get(PAGE).context["trust"].refusals == []


def test_what_a_job_claimed_is_never_markup(client: Client, tide: Crate) -> None:
    grant = make_publisher(tide)
    difference = {"field": "ref", "expected": "", "received": "<script>alert(1)</script>"}
    make_refusal(
        grant.publisher.issuer,
        detail="<img src=x>",
        workload=make_workload(ref="<b>").as_dict(),
        differences=[{"publisher": grant.publisher_id, "differences": [difference]}],
    )

    page = page_of(client)

    assert "<script>alert" not in page
    assert "<img src=x" not in page


def test_it_says_when_a_publisher_is_shared(client: Client, tide: Crate, alice: User) -> None:
    grant = make_publisher(tide)
    make_crate("pool", owner=alice).publisher_grants.create(publisher=grant.publisher)

    page = page_of(client)

    assert "also publishes 1 other crate" in page
    assert "cargo publish --registry waybill --workspace" in page
    assert "/preflight" in page


def test_a_tag_that_names_the_crate_publishes_that_one_alone(tide: Crate, alice: User) -> None:
    grant = make_publisher(tide)
    make_crate("pool", owner=alice).publisher_grants.create(publisher=grant.publisher)
    grant.publisher.rules = {"refs": "tags", "tag_pattern": "{crate}-v{version}"}

    text = workflow_file(grant.publisher, "tide", is_shared=True)

    assert "--package tide" in text
    assert "tide-v*" in text


def test_tokens_of_a_teams_members_are_listed_once_they_published(
    client: Client, tide: Crate, alice: User, bob: User, charlie: User
) -> None:
    tokens = {who.login: create_token(user=who, name="laptop").token for who in (bob, charlie)}
    version = make_version(tide, "1.0.0")
    VersionAction.objects.create(
        version=version,
        user=bob,
        api_token_id=tokens["bob"].pk,
        action=VersionAction.Action.PUBLISH,
    )
    assert not trust_settings(tide).leftover_tokens

    team = Team.objects.create(login="github:ferris-labs:core", github_id=7, organization_id=8)
    tide.ownerships.create(team=team, created_by=alice)

    page = page_of(client)

    assert [token.user for token in trust_settings(tide).leftover_tokens] == [bob]
    assert "Members of github:ferris-labs:core can publish it" in page


@pytest.mark.parametrize("count", [1, 4])
def test_it_takes_a_constant_number_of_queries(
    client: Client, tide: Crate, count: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    issuer = make_issuer()
    for number in range(count):
        make_publisher(tide, issuer, form={"workflow_filename": f"{number}.yml"})
        make_refusal(issuer)

    # Session, user, crate, ownership, owners, publishers, last versions, refusals, teams, tokens.
    with django_assert_num_queries(10):
        client.get(PAGE)
