from collections.abc import Iterator

import pytest
from django.conf import LazySettings
from django.test import Client

from accounts.models import User
from demo.github_server import FakeGitHub
from demo.github_world import FakeRepository
from demo.gitlab_server import FakeGitLab
from registry.models import Crate
from tests.ci import let_publish
from tests.factories.registry import make_crate
from tests.factories.trustpub import FORGE, make_issuer, make_publisher
from trustpub.models import PublisherCrate

pytestmark = pytest.mark.django_db
GOOD = """
on: {push: {tags: ["v*"]}}
jobs:
  publish:
    environment: release
    permissions: {id-token: write}
    steps:
      - uses: rust-lang/crates-io-auth-action@v1
        with: {url: "http://127.0.0.1:8000"}
"""


@pytest.fixture
def hello(settings: LazySettings) -> Iterator[FakeRepository]:
    """The repository of the publisher, on a forge that can be asked."""
    with FakeGitHub() as forge:
        settings.GITHUB_URL, settings.GITHUB_API_URL = FORGE, forge.api_url
        forge.add_user("octo", 65)
        yield forge.add_repository("octo", "hello", 74)


@pytest.fixture
def tide(client: Client, alice: User) -> Crate:
    client.force_login(alice)
    return make_crate("tide", owner=alice, repository=f"{FORGE}/octo/hello")


def verdicts(client: Client, tide: Crate, grant: PublisherCrate | None = None) -> dict[str, str]:
    grant = grant or make_publisher(tide)
    answer = client.get(f"/crates/tide/settings/publishers/{grant.pk}/check")
    assert answer.status_code == 200
    return {check.what: str(check.verdict) for check in answer.context["checks"]}


def test_all_is_well(client: Client, tide: Crate, hello: FakeRepository) -> None:
    hello.workflows["release.yml"] = GOOD
    hello.environments["release"] = True

    found = verdicts(client, tide)

    assert len(found) == 8
    assert set(found.values()) == {"green"}


@pytest.mark.parametrize(
    ("text", "what"),
    [
        (GOOD.replace("id-token: write", "contents: read"), "Permission"),
        (GOOD.replace("environment: release", ""), "Environment in the file"),
        (GOOD.replace("127.0.0.1:8000", "crates.example"), "This registry in the file"),
        (GOOD + "# on: pull_request_target", "Triggers"),
        (None, "Workflow file"),
    ],
)
def test_what_is_wrong_is_named(
    client: Client, tide: Crate, hello: FakeRepository, text: str | None, what: str
) -> None:
    if text is not None:
        hello.workflows["release.yml"] = text
    hello.environments["release"] = True

    found = verdicts(client, tide)

    assert [name for name, verdict in found.items() if verdict == "red"] == [what]


def test_an_environment_that_protects_nothing(
    client: Client, tide: Crate, hello: FakeRepository
) -> None:
    hello.environments["release"] = False

    assert verdicts(client, tide)["Environment"] == "red"


def test_a_forge_that_cannot_be_asked_stops_nothing(
    client: Client, tide: Crate, settings: LazySettings
) -> None:
    settings.GITHUB_URL, settings.GITHUB_API_URL = FORGE, "http://127.0.0.1:9"

    found = verdicts(client, tide)

    assert (found["Workflow file"], found["Environment"]) == ("amber", "amber")
    assert "red" not in found.values()


def test_strangers_check_nothing(client: Client, tide: Crate, bob: User) -> None:
    grant = make_publisher(tide)
    client.force_login(bob)

    assert client.get(f"/crates/tide/settings/publishers/{grant.pk}/check").status_code == 403


LABS = "ferris-labs/libs/tidepool"
PIPELINE = """
publish:
  environment: release
  id_tokens: {WAYBILL: {aud: "127.0.0.1:8000"}}
"""


@pytest.mark.parametrize(
    ("text", "red"),
    [
        (PIPELINE, None),
        (PIPELINE.replace("id_tokens", "variables"), "ID token"),
        (PIPELINE.replace("127.0.0.1", "crates.io"), "This registry in the file"),
        (PIPELINE.replace("release", "prod"), "Environment in the file"),
        (None, "Pipeline file"),
    ],
)
def test_a_pipeline_file_on_gitlab(
    client: Client, alice: User, tide: Crate, text: str | None, red: str | None
) -> None:
    with FakeGitLab() as forge:
        forge.projects[LABS] = (20488, 7718)
        if text is not None:
            forge.files[LABS, ".gitlab-ci.yml"] = text
        issuer = make_issuer("gitlab", api_url=f"{forge.url}/api/v4", internal_network=True)
        fields: dict[str, str | None] = {
            "namespace": "ferris-labs/libs",
            "project": "tidepool",
            "workflow_filepath": ".gitlab-ci.yml",
            "environment": "release",
        }
        found = verdicts(client, tide, let_publish(tide, alice, issuer, fields))

    reds = [what for what, verdict in found.items() if verdict == "red"]
    assert reds == ([red] if red else [])
    # Only members are told about a project's environments.
    assert found["Environment"] == "amber"
