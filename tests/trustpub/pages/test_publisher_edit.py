from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from accounts.operations.tokens import create_token
from registry.models import Crate
from tests.factories.registry import make_crate
from tests.factories.trustpub import github_form, make_issuer, make_publisher, make_refusal
from trustpub.models import Issuer, Publisher, PublisherCrate

pytestmark = pytest.mark.django_db
SETTINGS = "/crates/tide/settings"


@pytest.fixture
def issuer() -> Issuer:
    Issuer.objects.all().delete()
    return make_issuer(name="Our forge")


@pytest.fixture
def tide(client: Client, alice: User) -> Crate:
    client.force_login(alice)
    return make_crate("tide", owner=alice)


@pytest.fixture
def grant(tide: Crate, issuer: Issuer) -> PublisherCrate:
    return make_publisher(tide, issuer)


def page_of(client: Client) -> str:
    return client.get(SETTINGS).content.decode()


def edit(grant: PublisherCrate) -> str:
    return f"{SETTINGS}/publishers/{grant.pk}/edit"


def act(client: Client, grant: PublisherCrate, action: str) -> Any:
    return client.post(f"{SETTINGS}/publishers/{grant.pk}/{action}", follow=True)


def sent(**fields: str) -> dict[str, str]:
    form = {name: value or "" for name, value in github_form().items()}
    return {**form, "rules": "1", "rule_refs": "any", **fields}


def test_the_form_shows_what_is_stored(client: Client, grant: PublisherCrate) -> None:
    Publisher.objects.update(rules={"refs": "tags", "tag_pattern": "v{version}"})

    page = client.get(edit(grant)).content.decode()

    assert 'value="release.yml"' in page
    assert '<option value="tags" selected>' in page
    assert 'value="v{version}"' in page
    assert 'value="74"' in page


def test_it_saves_fields_and_rules_in_place(client: Client, grant: PublisherCrate) -> None:
    fields = {
        "environment": "prod",
        "rule_refs": "tags",
        "rule_tag_pattern": "v{version}",
        "rule_branches": "left over",
        "rule_runner": "hosted",
        "rule_event_push": "1",
        "rule_event_release": "1",
    }

    answer = client.post(edit(grant), sent(**fields))

    assert answer["Location"] == f"{SETTINGS}/publishers/{grant.pk}/check"
    publisher = Publisher.objects.get()
    assert publisher.environment == "prod"
    assert publisher.repository_id == "74"
    assert publisher.rules == {
        "refs": "tags",
        "tag_pattern": "v{version}",
        "runner": "hosted",
        "events": ["push", "release"],
    }
    page = page_of(client)
    assert "tags only" in page
    assert "the CI system&#x27;s own only" in page


def test_another_repository_does_not_keep_the_numbers(
    client: Client, grant: PublisherCrate
) -> None:
    client.post(
        edit(grant),
        sent(repository_name="other", repository_id="74", repository_owner_id="65"),
    )

    assert Publisher.objects.get().repository == "octo/other"
    assert not Publisher.objects.get().is_pinned


def test_a_wrong_rule_is_named_at_its_field(client: Client, grant: PublisherCrate) -> None:
    answer = client.post(edit(grant), sent(rule_refs="tags", rule_tag_pattern="v*"))

    assert answer.status_code == 400
    page = answer.content.decode()
    assert "needs {version} exactly once" in page
    assert 'value="v*"' in page


def test_suspending_and_resuming_by_one_click(client: Client, grant: PublisherCrate) -> None:
    assert "suspended by alice" in act(client, grant, "suspend").content.decode()
    assert "publishes again" in act(client, grant, "resume").content.decode()
    assert Publisher.objects.get().state == Publisher.State.ACTIVE


def test_what_cannot_be_done_is_said(client: Client, grant: PublisherCrate) -> None:
    page = act(client, grant, "resume").content.decode()

    assert "only what an owner suspended can be resumed" in page


def test_an_unknown_action_is_not_found(client: Client, grant: PublisherCrate) -> None:
    assert act(client, grant, "explode").status_code == 404


def test_a_transfer_is_shown_and_confirmed(client: Client, grant: PublisherCrate) -> None:
    Publisher.objects.update(
        state=Publisher.State.AWAITING,
        state_reason="the repository belongs to another owner now",
        proposed={"repository": "new/hello", "repository_id": "74", "repository_owner_id": "9"},
    )
    assert "new/hello, owner 9" in page_of(client)

    act(client, grant, "confirm")

    publisher = Publisher.objects.get()
    assert (publisher.repository, publisher.repository_owner_id) == ("new/hello", "9")


@pytest.mark.parametrize(
    ("seen", "action", "environment", "rules"),
    [
        ({}, "tags-only", None, {"refs": "tags"}),
        ({"environment": "prod"}, "name-environment", "prod", {}),
        ({"runner": "self-hosted"}, "hosted-only", None, {"runner": "hosted"}),
    ],
)
def test_one_click_makes_it_stricter(
    client: Client,
    tide: Crate,
    seen: dict[str, str],
    action: str,
    environment: str | None,
    rules: dict[str, str],
) -> None:
    grant = make_publisher(tide, form={"environment": None}, seen=seen)
    assert f"/{action}" in page_of(client)

    act(client, grant, action)

    publisher = Publisher.objects.get()
    assert (publisher.environment, publisher.rules) == (environment, rules)
    assert publisher.repository_id == "74"
    assert f"/{action}" not in page_of(client)


def test_a_refusal_opens_the_form_of_the_publisher_it_missed(
    client: Client, grant: PublisherCrate
) -> None:
    event = make_refusal(
        grant.publisher.issuer,
        workload={"workflow": "ci.yml", "environment": "prod"},
        differences=[{"publisher": grant.publisher_id, "differences": []}],
    )
    link = f"{edit(grant)}?from_event={event.pk}"
    assert link in page_of(client)

    answer = client.get(link)

    values = answer.context["form"].values
    assert (values["workflow_filename"], values["environment"]) == ("ci.yml", "prod")
    assert values["repository_id"] == "74"
    assert "Filled from a refused exchange" in answer.content.decode()
    assert Publisher.objects.get().fields["workflow_filename"] == "release.yml"


def test_a_refusal_from_the_declared_repository_opens_a_new_form(
    client: Client, alice: User, issuer: Issuer
) -> None:
    client.force_login(alice)
    make_crate("tide", owner=alice, repository="https://forge.example/Octo/hello.git")
    event = make_refusal(issuer, code="no_publisher", workload={"environment": "prod"})
    link = f"{SETTINGS}/publishers/new?from_event={event.pk}"
    assert link in page_of(client)

    answer = client.get(link)

    assert answer.context["form"].values["repository_name"] == "hello"
    assert "A link filled in this form" in answer.content.decode()


@pytest.mark.parametrize("wanted", ["{other}", "0", "x", "٣", "9" * 30])
def test_a_refusal_of_others_fills_nothing(
    client: Client, grant: PublisherCrate, wanted: str
) -> None:
    other = make_refusal(make_issuer(), workload={"workflow": "secret.yml"})

    page = client.get(f"{edit(grant)}?from_event={wanted.format(other=other.pk)}")

    assert "secret.yml" not in page.content.decode()


def test_strangers_see_and_change_nothing(client: Client, grant: PublisherCrate, bob: User) -> None:
    client.force_login(bob)

    for answer in (
        client.get(edit(grant)),
        client.post(edit(grant), sent()),
        client.post(f"{SETTINGS}/publishers/{grant.pk}/suspend"),
        client.post(f"{SETTINGS}/ci-only", {"state": "on"}),
    ):
        assert answer.status_code == 403
    assert Publisher.objects.get().state == Publisher.State.ACTIVE


def test_a_publisher_of_another_crate_is_not_edited_here(client: Client, tide: Crate) -> None:
    other = make_publisher(make_crate("pool"))

    assert client.get(edit(other)).status_code == 404
    assert act(client, other, "suspend").status_code == 404


def test_only_ci_may_publish_by_one_click(
    client: Client, grant: PublisherCrate, alice: User, bob: User
) -> None:
    create_token(user=alice, name="old laptop")
    assert "old laptop" in page_of(client)

    page = client.post(f"{SETTINGS}/ci-only", {"state": "on"}, follow=True).content.decode()
    assert "No API token can publish it" in page
    page = client.post(f"{SETTINGS}/ci-only", {"state": "off"}, follow=True).content.decode()
    assert "API tokens publish again from" in page
    page = client.post(f"{SETTINGS}/ci-only", {"state": "on"}, follow=True).content.decode()

    assert Crate.objects.get().trustpub_only_ends_at is None
    assert client.post(f"{SETTINGS}/ci-only", {"state": "x"}).status_code == 404


def test_an_unbacked_publisher_is_confirmed_by_another_owner(
    client: Client, grant: PublisherCrate
) -> None:
    PublisherCrate.objects.update(needs_backer=True)
    assert "whoever added it no longer owns tide" in page_of(client)

    act(client, grant, "confirm")

    assert PublisherCrate.objects.standing(timezone.now()).count() == 1
