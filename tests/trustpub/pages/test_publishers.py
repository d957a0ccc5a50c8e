from urllib.parse import urlencode

import pytest
from django.test import Client

from accounts.models import User
from registry.models import Crate
from tests.factories.registry import make_crate, make_user
from tests.factories.trustpub import github_form, make_issuer, make_publisher
from trustpub.models import Issuer, Publisher, PublisherCrate

pytestmark = pytest.mark.django_db
PAGE = "/crates/tide/settings/publishers/new"


@pytest.fixture
def issuer() -> Issuer:
    Issuer.objects.all().delete()
    return make_issuer(name="Our forge")


@pytest.fixture
def tide(client: Client, alice: User, issuer: Issuer) -> Crate:
    client.force_login(alice)
    return make_crate("tide", owner=alice, repository="https://forge.example/octo/hello.git")


def form_of(issuer: Issuer, **fields: str | None) -> dict[str, str]:
    form = {"issuer": str(issuer.pk)} | github_form(**fields)
    return {name: value or "" for name, value in form.items()}


def test_it_adds_a_publisher(client: Client, tide: Crate, issuer: Issuer) -> None:
    answer = client.post(PAGE, form_of(issuer))

    publisher = Publisher.objects.get()
    grant = publisher.grants.get()
    assert answer["Location"] == f"/crates/tide/settings/publishers/{grant.pk}/check"
    assert (publisher.repository, publisher.workflow) == ("octo/hello", "release.yml")
    assert list(publisher.crates.all()) == [tide]


def test_it_understands_what_was_pasted(client: Client, tide: Crate, issuer: Issuer) -> None:
    pasted = {
        "repository_owner": "",
        "repository_name": f" {issuer.web_url}/octo/hello.git ",
        "workflow_filename": ".github/workflows/release.yml",
        "environment": "",
    }

    client.post(PAGE, form_of(issuer, **pasted))

    publisher = Publisher.objects.get()
    assert (publisher.repository, publisher.workflow) == ("octo/hello", "release.yml")
    assert publisher.environment is None


def test_the_complaint_stands_at_its_field(client: Client, tide: Crate, issuer: Issuer) -> None:
    answer = client.post(PAGE, form_of(issuer, workflow_filename="release.sh"))

    fields = {field.rule.name: field for field in answer.context["form"].fields}
    assert answer.status_code == 400
    assert "must end with `.yml`" in fields["workflow_filename"].error
    assert fields["workflow_filename"].value == "release.sh"
    assert fields["repository_owner"].value == "octo"
    assert not Publisher.objects.exists()


@pytest.mark.parametrize(
    ("chosen", "opens"),
    [(["push", "release"], True), (["push", "pull_request"], True), (None, False)],
)
def test_a_complaint_opens_the_rarer_rules_only_if_one_was_changed(
    client: Client, tide: Crate, issuer: Issuer, chosen: list[str] | None, opens: bool
) -> None:
    usual = sorted(issuer.adapter.rule_options.default_events)
    events = {f"rule_event_{name}": "1" for name in (usual if chosen is None else chosen)}

    page = client.post(PAGE, {**form_of(issuer, repository_name="he llo"), "rules": "1", **events})

    assert page.context["form"].opens_rules is opens


def test_a_publisher_that_is_there_already_is_refused(
    client: Client, tide: Crate, issuer: Issuer
) -> None:
    client.post(PAGE, form_of(issuer))

    answer = client.post(PAGE, form_of(issuer))

    assert answer.status_code == 409
    assert "already has exactly this publisher" in answer.content.decode()


def test_somebody_without_a_verified_address_is_told_so(client: Client, issuer: Issuer) -> None:
    owner = make_user("dora")
    make_crate("tide", owner=owner)
    client.force_login(owner)

    answer = client.post(PAGE, form_of(issuer))

    assert answer.status_code == 403
    assert "verify your email address" in answer.content.decode()


@pytest.mark.parametrize("wanted", ["", "999999", "https://elsewhere.example", "x\0"])
def test_a_post_names_an_open_issuer_by_its_id(
    client: Client, tide: Crate, issuer: Issuer, wanted: str
) -> None:
    answer = client.post(PAGE, form_of(issuer) | {"issuer": wanted})

    assert answer.status_code == 400
    assert "Choose where the workflow runs." in answer.content.decode()


def test_an_issuer_that_takes_no_new_publishers_is_not_offered(
    client: Client, tide: Crate, issuer: Issuer
) -> None:
    closed = make_issuer(name="Closed forge", state=Issuer.State.READ_ONLY)

    page = client.get(f"{PAGE}?issuer={closed.pk}").content.decode()

    assert "Closed forge" not in page
    assert client.post(PAGE, form_of(closed)).status_code == 400


def test_choosing_an_issuer_shows_its_providers_fields(
    client: Client, tide: Crate, issuer: Issuer
) -> None:
    gitlab = make_issuer("gitlab", name="Our GitLab")

    page = client.get(f"{PAGE}?issuer={gitlab.pk}").content.decode()

    assert "Workflow filepath" in page
    assert "Workflow filename" not in page
    assert "A link filled in this form" not in page


def test_it_suggests_the_crates_own_repository(client: Client, tide: Crate) -> None:
    form = client.get(PAGE).context["form"]

    assert form.values == {"repository_owner": "octo", "repository_name": "hello"}
    assert form.from_link == {}


def test_a_link_fills_the_form_with_a_caution_and_changes_nothing(
    client: Client, tide: Crate, issuer: Issuer
) -> None:
    link = urlencode(
        {
            "issuer": issuer.url,
            "repository": "mallory/tide",
            "workflow": "release.yml",
            "environment": '"><script>alert(1)</script>',
            "unknown": "ignored-value",
        }
    )

    answer = client.get(f"{PAGE}?{link}")

    page = answer.content.decode()
    assert answer.context["form"].values["repository_owner"] == "mallory"
    assert "A link filled in this form" in page
    assert "mallory/tide" in page
    assert issuer.url in page
    assert "<script>alert" not in page
    assert "ignored-value" not in page
    assert not Publisher.objects.exists()


def test_it_removes_a_publisher(client: Client, tide: Crate) -> None:
    grant = make_publisher(tide)

    answer = client.post(f"/crates/tide/settings/publishers/{grant.pk}/remove")

    assert answer["Location"] == "/crates/tide/settings"
    assert not Publisher.objects.exists()


def test_a_publisher_of_another_crate_is_not_removed_here(client: Client, tide: Crate) -> None:
    grant = make_publisher(make_crate("pool"))

    answer = client.post(f"/crates/tide/settings/publishers/{grant.pk}/remove")

    assert answer.status_code == 404
    assert PublisherCrate.objects.exists()
