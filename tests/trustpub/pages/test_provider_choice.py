"""The form of a publisher for every CI system, without a script (reference, e.1)."""

import pytest
from django.test import Client

from accounts.models import User
from registry.models import Crate
from tests.cases import in_turn
from tests.factories.id_tokens import contract_of
from tests.factories.registry import make_crate
from tests.factories.trustpub import make_issuer
from trustpub.models import Issuer, PendingPublisher, Publisher
from trustpub.providers import PROVIDERS

pytestmark = pytest.mark.django_db
PAGE = "/crates/tide/settings/publishers/new"
EACH = pytest.mark.parametrize("kind", PROVIDERS)


@pytest.fixture
def tide(client: Client, alice: User) -> Crate:
    client.force_login(alice)
    return make_crate("tide", owner=alice)


@pytest.fixture
def rows(db: None) -> dict[str, Issuer]:
    """An installation of each kind."""
    Issuer.objects.all().delete()
    return {
        kind: make_issuer(kind, name=f"Our {kind}", options=contract_of(kind)["options"])
        for kind in PROVIDERS
    }


@in_turn("kind", PROVIDERS)
def test_it_shows_the_fields_of_that_provider_alone(
    client: Client, tide: Crate, rows: dict[str, Issuer], kind: str
) -> None:
    answer = client.get(f"{PAGE}?provider={kind}")

    page = answer.content.decode()
    rules = rows[kind].adapter.fields
    assert answer.context["form"].issuer == rows[kind]
    assert [shown.rule.name for shown in answer.context["form"].fields] == [r.name for r in rules]
    assert page.count('class="field__help"') >= len(rules)
    assert "A link filled in this form" not in page
    for name in rows[kind].adapter.restrictions:
        assert 'name="rule_event_' in page if name == "events" else f'name="rule_{name}"' in page
    assert all(f"Our {other}" in page for other in PROVIDERS)


@in_turn("kind", PROVIDERS)
def test_its_fields_make_a_publisher_that_the_page_describes(
    client: Client, tide: Crate, rows: dict[str, Issuer], kind: str
) -> None:
    form = {"issuer": rows[kind].pk, **contract_of(kind)["fields"]}

    answer = client.post(PAGE, form)

    publisher = Publisher.objects.get()
    checklist = answer["Location"]
    assert checklist == f"/crates/tide/settings/publishers/{publisher.grants.get().pk}/check"
    assert client.get(checklist).status_code == 200
    page = client.get("/crates/tide/settings").content.decode()
    assert publisher.is_pinned
    assert "cargo publish --registry waybill --package tide" in page.replace("&#x27;", "'")
    assert "None" not in page


@in_turn("kind", PROVIDERS)
def test_a_pending_publisher_takes_the_same_fields(
    client: Client, alice: User, rows: dict[str, Issuer], kind: str
) -> None:
    client.force_login(alice)
    form = {"issuer": rows[kind].pk, "names": "new-crate", **contract_of(kind)["fields"]}

    answer = client.post("/settings/publishers/new", form)

    assert answer.status_code == 302, answer.content.decode()
    assert PendingPublisher.objects.get().issuer == rows[kind]
    assert client.get("/settings/publishers").status_code == 200


@in_turn(
    ("address", "kind", "values"),
    [
        (
            "https://github.com/octo/hello/tree/main/src",
            "github",
            {"repository_owner": "octo", "repository_name": "hello"},
        ),
        (
            "git@github.com:octo/hello.git",
            "github",
            {"repository_owner": "octo", "repository_name": "hello"},
        ),
        (
            "ssh://git@GitHub.com:22/octo/hello.git",
            "github",
            {"repository_owner": "octo", "repository_name": "hello"},
        ),
        (
            "github.com/octo/hello/blob/a/b/.github/workflows/release.yml?plain=1#L3",
            "github",
            {"repository_name": "hello", "workflow_filename": "release.yml"},
        ),
        (
            "https://www.github.com/octo/hello/actions/workflows/ci.yaml",
            "github",
            {"repository_owner": "octo", "workflow_filename": "ci.yaml"},
        ),
        (
            "https://gitlab.com/group/sub/hello/-/blob/main/ci/.gitlab-ci.yml",
            "gitlab",
            {
                "namespace": "group/sub",
                "project": "hello",
                "workflow_filepath": "ci/.gitlab-ci.yml",
            },
        ),
        (
            "https://example.org/gitlab/group/hello.git",
            "gitlab",
            {"namespace": "group", "project": "hello"},
        ),
        (
            "https://codeberg.example/octo/hello.git",
            "forgejo",
            {"repository_owner": "octo", "repository_name": "hello"},
        ),
        (
            "https://codeberg.example/octo/hello/src/branch/main/.gitea/workflows/release.yml",
            "forgejo",
            {"repository_name": "hello", "workflow_filepath": ".gitea/workflows/release.yml"},
        ),
        (
            "https://buildkite.com/octo/release/builds/7",
            "buildkite",
            {"organization_slug": "octo", "pipeline_slug": "release"},
        ),
        ("https://mira@bitbucket.org/octo/hello.git", "bitbucket", {"workspace": "octo"}),
        (
            "https://app.circleci.com/pipelines/gh/octo/hello?branch=main",
            "circleci",
            {"vcs_origin": "github.com/octo/hello"},
        ),
        (
            "https://dev.azure.com/octo/My%20Libraries/_git/hello",
            "azure",
            {"organization": "octo", "project": "My Libraries"},
        ),
        (
            "https://ferris.semaphoreci.com/projects/hello",
            "semaphore",
            {"organization": "ferris", "project": "hello"},
        ),
        (
            "https://platform.activestate.com/octo/hello",
            "activestate",
            {"organization": "octo", "project": "hello"},
        ),
    ],
)
def test_a_pasted_address_chooses_the_issuer_and_fills_its_fields(
    client: Client, tide: Crate, address: str, kind: str, values: dict[str, str]
) -> None:
    make_issuer("forgejo", web_url="https://codeberg.example")
    make_issuer("gitlab", web_url="https://example.org/gitlab")
    make_issuer("azure", web_url="https://dev.azure.com")
    make_issuer("semaphore", web_url="https://ferris.semaphoreci.com")
    make_issuer("activestate", web_url="https://platform.activestate.com")

    answer = client.get(PAGE, {"address": f" {address} "})

    form = answer.context["form"]
    assert form.issuer.provider == kind
    assert values.items() <= dict(form.values).items()
    assert "An address filled in this form" in answer.content.decode()
    assert not Publisher.objects.exists()


@in_turn(
    "address",
    [
        "https://elsewhere.example/octo/hello",
        "https://github.com.evil.example/octo/hello",
        "https://github.com@evil.example/octo/hello",
        "javascript:alert(1)",
        "https://[",
        "https://mira:secret@github.com/octo/hello",
        "https://github.com:8443/octo/hello",
        "octo/hello",
        '"><script>alert(1)</script>',
    ],
)
def test_an_address_of_nowhere_is_told_apart(client: Client, tide: Crate, address: str) -> None:
    answer = client.get(PAGE, {"address": address})

    page = answer.content.decode()
    assert answer.status_code == 200
    assert not answer.context["form"].values
    assert "No CI system of that address is trusted here." in page
    assert "<script>alert" not in page


def test_an_address_in_the_repositorys_own_field_is_of_the_same_forge(
    client: Client, tide: Crate, rows: dict[str, Issuer]
) -> None:
    Issuer.objects.filter(pk=rows["gitlab"].pk).update(web_url="https://example.org/gitlab")
    fields = {**contract_of("gitlab")["fields"], "namespace": "", "workflow_filepath": "a.yml"}
    form = {"issuer": rows["gitlab"].pk, **fields}

    elsewhere = client.post(PAGE, {**form, "project": "https://github.com/octo/hello"})
    client.post(PAGE, {**form, "project": "https://example.org/gitlab/octo/hello/-/tree/main"})

    assert elsewhere.status_code == 400
    assert "github.com, and this publisher runs on Our gitlab" in elsewhere.content.decode()
    stored = Publisher.objects.get().fields
    assert (stored["namespace"], stored["project"]) == ("octo", "hello")
    assert stored["workflow_filepath"] == "a.yml"


def test_an_unknown_provider_is_told_apart(client: Client, tide: Crate) -> None:
    page = client.get(f"{PAGE}?provider=teamcity").content.decode()

    assert "takes no publishers on this registry" in page


def test_a_choice_keeps_what_the_link_filled_in(client: Client, tide: Crate) -> None:
    page = client.get(f"{PAGE}?provider=gitlab&repository=a/b&workflow=ci.yml").content.decode()

    assert '<input type="hidden" name="repository" value="a/b">' in page
    assert '<input type="hidden" name="workflow" value="ci.yml">' in page


def test_a_link_may_name_the_providers_own_fields(client: Client, tide: Crate) -> None:
    origin = "github.com/octo/hello"
    answer = client.get(f"{PAGE}?provider=circleci&vcs_origin=https://{origin}.git")

    assert answer.context["form"].values["vcs_origin"] == origin


def test_what_is_left_empty_has_the_safer_value(
    client: Client, tide: Crate, rows: dict[str, Issuer]
) -> None:
    fields = {**contract_of("forgejo")["fields"], "refs": ""}

    client.post(PAGE, {"issuer": rows["forgejo"].pk, **fields})

    publisher = Publisher.objects.get()
    assert publisher.fields["refs"] == "tags"
    assert not publisher.open_to_branches


def test_the_environment_of_a_job_has_the_field_of_its_provider(
    client: Client, tide: Crate, rows: dict[str, Issuer]
) -> None:
    fields = contract_of("bitbucket")["fields"]
    wanted = fields["deployment_environment_uuid"]
    open_to_all = {**fields, "deployment_environment_uuid": "any"}
    client.post(PAGE, {"issuer": rows["bitbucket"].pk, **open_to_all})
    Publisher.objects.update(seen={"environment": wanted})
    [grant] = tide.publisher_grants.all()
    settings, narrow = "/crates/tide/settings", f"publishers/{grant.pk}/name-environment"
    assert narrow in client.get(settings).content.decode()

    page = client.post(f"{settings}/{narrow}", follow=True).content.decode()

    assert Publisher.objects.get().fields["deployment_environment_uuid"] == wanted
    assert "which the publisher does not ask for" not in page


def test_what_is_open_to_branches_is_marked(
    client: Client, tide: Crate, rows: dict[str, Issuer]
) -> None:
    fields = {**contract_of("forgejo")["fields"], "refs": "any"}

    client.post(PAGE, {"issuer": rows["forgejo"].pk, **fields})

    page = client.get("/crates/tide/settings").content.decode()
    assert "Everyone who can push a branch can publish." in page
