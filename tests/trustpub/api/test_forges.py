"""Numbers of projects on a forge of one's own, looked up when a publisher is saved (b.0)."""

from collections.abc import Iterator

import pytest

from accounts.models import User
from demo.github_server import FakeGitHub
from demo.gitlab_server import FakeGitLab
from demo.issuer import LocalIssuer
from registry.actors import System
from registry.models import Crate
from tests.ci import exchange, let_publish, unpinned
from tests.wire import refusal
from trustpub.models import Issuer, Publisher
from trustpub.operations.issuers import trust_issuer

FIELDS: dict[str, str | None] = {
    "namespace": "ferris-labs/libs",
    "project": "tidepool",
    "workflow_filepath": ".gitlab-ci.yml",
}
PATH = "Ferris-Labs/libs/tidepool"


@pytest.fixture
def gitlab() -> Iterator[FakeGitLab]:
    with FakeGitLab() as server:
        server.projects[PATH] = (20488, 7718)
        server.groups["ferris-labs/libs"] = 7718
        yield server


@pytest.fixture
def row(db: None, ci: LocalIssuer, gitlab: FakeGitLab) -> Issuer:
    """As an operator adds it: nothing but addresses."""
    return trust_issuer(actor=System("tests"), provider="gitlab", url=ci.url, web_url=gitlab.url)


def saved(tide: Crate, alice: User, row: Issuer, **fields: str | None) -> Publisher:
    return let_publish(tide, alice, row, {**FIELDS, **fields}).publisher


def test_a_public_project_is_pinned_when_it_is_saved(tide: Crate, alice: User, row: Issuer) -> None:
    publisher = saved(tide, alice, row)

    assert (publisher.repository_id, publisher.repository_owner_id) == ("20488", "7718")
    assert publisher.repository == PATH
    assert publisher.pin_before is None


@pytest.mark.parametrize("given", ["project_id", "namespace_id"])
def test_who_gives_one_id_has_the_other_looked_up(
    tide: Crate, alice: User, row: Issuer, given: str
) -> None:
    publisher = saved(tide, alice, row, **{given: "31"})

    found = (publisher.repository_id, publisher.repository_owner_id)
    assert found == (("31", "7718") if given == "project_id" else ("20488", "31"))


def test_a_newcomer_under_the_name_is_refused(
    tide: Crate, alice: User, row: Issuer, ci: LocalIssuer
) -> None:
    saved(tide, alice, row)
    host = row.web_url.removeprefix("http://")
    claims = {
        "ci_config_ref_uri": f"{host}/ferris-labs/libs/tidepool//.gitlab-ci.yml@refs/tags/v1.4.0",
        "ref_path": "refs/tags/v1.4.0",
        "ref": "v1.4.0",
        "ref_type": "tag",
    }

    newcomer = ci.gitlab_token("127.0.0.1:8000", **claims, project_id="1", job_project_id="1")
    owner = ci.gitlab_token("127.0.0.1:8000", **claims)

    assert refusal(exchange(newcomer), 403)["code"] == "identity_changed"
    Publisher.objects.update(state=Publisher.State.ACTIVE)
    assert exchange(owner).status_code == 200


def test_a_private_project_is_pinned_to_its_group(
    tide: Crate, alice: User, row: Issuer, gitlab: FakeGitLab
) -> None:
    gitlab.projects.clear()

    publisher = saved(tide, alice, row)

    assert (publisher.repository_id, publisher.repository_owner_id) == ("", "7718")
    assert publisher.pin_before is not None


@pytest.mark.parametrize("trouble", ["moved", "silent", "a person's"])
def test_a_gitlab_that_does_not_tell_keeps_nobody_from_saving(
    tide: Crate, alice: User, row: Issuer, gitlab: FakeGitLab, trouble: str
) -> None:
    if trouble == "moved":
        gitlab.moved["ferris-labs/libs/tidepool"] = PATH
    if trouble == "silent":
        gitlab.status = 500
    gitlab.groups.clear()
    if trouble == "a person's":
        gitlab.projects.clear()

    publisher = saved(tide, alice, row)

    assert not publisher.is_pinned
    assert publisher.repository == "ferris-labs/libs/tidepool"


def test_an_operator_can_say_that_it_is_not_asked(
    tide: Crate, alice: User, ci: LocalIssuer, gitlab: FakeGitLab
) -> None:
    row = trust_issuer(
        actor=System("tests"), provider="gitlab", url=ci.url, web_url=gitlab.url, api_url=""
    )

    assert not saved(tide, alice, row).is_pinned
    assert not gitlab.requests


def test_a_test_issuer_of_this_machine_has_no_forge(db: None, ci: LocalIssuer) -> None:
    assert trust_issuer(actor=System("tests"), provider="gitlab", url=ci.url).api_url == ""


@pytest.mark.parametrize("is_there", [True, False])
def test_an_enterprise_server_is_asked_where_the_operator_says(
    tide: Crate, alice: User, ci: LocalIssuer, is_there: bool
) -> None:
    with FakeGitHub() as forge:
        if is_there:
            forge.add_user("Ferris-Labs", 9176411)
            forge.add_repository("Ferris-Labs", "tidepool", 702113958)
        row = trust_issuer(
            actor=System("tests"),
            provider="github",
            url=ci.url,
            web_url="https://ghes.example",
            api_url=f"{forge.url}/api/v3",
        )
        publisher = let_publish(tide, alice, row, unpinned()).publisher

    assert publisher.repository_id == ("702113958" if is_there else "")


@pytest.mark.parametrize(
    ("provider", "web_url", "api_url"),
    [
        ("gitlab", "https://gitlab.example", "https://gitlab.example/api/v4"),
        ("forgejo", "https://codeberg.example", "https://codeberg.example/api/v1"),
        ("gitea", "https://gitea.example/git", "https://gitea.example/git/api/v1"),
        # Most ask for a sign-in first.
        ("github", "https://ghes.example", ""),
        ("jenkins", "https://ci.example", ""),
    ],
)
def test_the_usual_place_is_known(db: None, provider: str, web_url: str, api_url: str) -> None:
    row = trust_issuer(
        actor=System("tests"), provider=provider, url="https://issuer.example", web_url=web_url
    )

    assert row.api_url == api_url
