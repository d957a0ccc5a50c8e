import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from registry.models import Crate, PublishKind
from tests.factories.registry import SHA, make_crate, make_dependency, make_version

pytestmark = pytest.mark.django_db
UNTIED = "Nothing ties this version to a source commit or a workflow."


@pytest.fixture
def crate(alice: User) -> Crate:
    return make_crate("hello", owner=alice)


def shown(client: Client, num: str = "1.0.0") -> str:
    """The page's text with runs of white space made one."""
    response = client.get(f"/crates/hello/{num}")
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def test_it_names_and_links_every_step_from_source_to_archive(client: Client, crate: Crate) -> None:
    version = make_version(crate, provenance={})

    page = shown(client)

    repository = "https://github.com/octo/hello"
    for link in (
        repository,
        f"{repository}/commit/{SHA}",
        f"{repository}/tree/{SHA}",
        f"{repository}/blob/{SHA}/.github/workflows/release.yml",
        f"{repository}/actions/runs/1658821493/attempts/2",
    ):
        assert f'href="{link}"' in page
    for text in (
        "octo/hello",
        f'title="{SHA}"',
        SHA[:12],
        "refs/tags/v1.0.0",
        "release.yml",
        ">push<",
        ">release<",
        "1658821493",
        version.checksum,
        "https://token.actions.githubusercontent.com",
        "Waybill checked the CI job's signed identity; it did not check what the job did.",
    ):
        assert text in page.replace("> ", ">").replace(" <", "<")
    assert UNTIED not in page


def test_it_says_plainly_that_a_token_ties_a_version_to_nothing(
    client: Client, crate: Crate, alice: User
) -> None:
    make_version(crate, published_by=alice)

    page = shown(client)

    assert f"Published by <strong>alice</strong> with an API token. {UNTIED}" in page
    assert "signed identity" not in page


def test_it_says_plainly_that_an_import_ties_a_version_to_nothing(
    client: Client, crate: Crate
) -> None:
    make_version(crate, kind=PublishKind.IMPORTED)

    assert f"Imported by an administrator. {UNTIED}" in shown(client)


def test_it_survives_a_version_whose_origin_was_not_recorded(client: Client, crate: Crate) -> None:
    make_version(crate, kind=None)

    assert "was not recorded" in shown(client)


def test_a_trusted_version_without_commit_or_links_says_so(client: Client, crate: Crate) -> None:
    make_version(crate, provenance={"sha": "", "ref": "", "environment": "", "links": {}})

    page = shown(client)

    assert "not named" in page
    assert 'href="https://github.com' not in page


@pytest.mark.parametrize(
    ("sha", "repository", "expected"),
    [
        (SHA, "https://github.com/octo/hello", ("The verified commit", "The verified repository")),
        ("a" * 40, "https://evil.example/octo/hello", ("Not the verified commit", "Not the verif")),
        (SHA, "https://github.com@evil.example/octo/hello", ("Cannot be compared",)),
    ],
)
def test_it_sets_the_uploaders_claims_beside_what_was_verified(
    client: Client, crate: Crate, sha: str, repository: str, expected: tuple[str, ...]
) -> None:
    make_version(crate, provenance={}, vcs_info={"git": {"sha1": sha}}, repository=repository)

    page = shown(client)

    assert "Claimed by the uploader, not verified." in page
    for text in expected:
        assert text in page


def test_what_strangers_wrote_is_escaped_and_cannot_steer(client: Client, crate: Crate) -> None:
    evil = "<img src=x onerror=alert(1)>\u202egpj.exe"
    make_version(
        crate,
        provenance={
            **dict.fromkeys(("repository", "ref", "workflow", "event", "environment"), evil),
            "run_id": evil[:60],
            "workload": {"runner_environment": evil},
            "links": dict.fromkeys(("repository", "commit", "run"), "javascript:alert(1)"),
        },
        license=evil,
        user_agent=evil,
        yanked=True,
        yank_message=evil,
        vcs_info={"git": {"sha1": SHA}, "path_in_vcs": evil},
        repository=evil,
        features={evil: [evil]},
    )

    page = shown(client)

    assert "<img src=x" not in page
    assert "\u202e" not in page
    assert "javascript:" not in page


def test_a_yanked_version_says_so_and_why(client: Client, crate: Crate) -> None:
    make_version(crate, yanked=True, yank_message="Broken on Windows")

    page = shown(client)

    assert "Version 1.0.0 was yanked." in page
    assert "Broken on Windows" in page


def test_it_lists_dependencies_and_features(client: Client, crate: Crate) -> None:
    version = make_version(crate, features={"default": ["std"], "std": []})
    make_dependency(version, "serde", optional=True, features=["derive"], target="cfg(unix)")
    make_dependency(version, "elsewhere", kind="dev", registry_index="https://example.org/index")

    page = shown(client)

    assert 'href="/crates/serde"' in page
    assert 'href="/crates/elsewhere"' not in page
    for text in ("optional", "derive", "cfg(unix)", "https://example.org/index", "Development"):
        assert text in page
    assert "enables nothing else" in page


def test_build_metadata_is_part_of_the_address(client: Client, crate: Crate) -> None:
    make_version(crate, "1.0.0-rc.1+linux")

    assert "/api/v1/crates/hello/1.0.0-rc.1%2Blinux/download" in shown(client, "1.0.0-rc.1+linux")


def test_another_spelling_leads_to_the_stored_one(client: Client, crate: Crate) -> None:
    assert client.get("/crates/HELLO/1.0.0")["Location"] == "/crates/hello/1.0.0"


@pytest.mark.parametrize("num", ["2.0.0", "1%00", "1", "9" * 500])
def test_an_unknown_version_is_not_found(client: Client, crate: Crate, num: str) -> None:
    make_version(crate)

    response = client.get(f"/crates/hello/{num}")

    assert response.status_code == 404
    assert "does not have a version" in response.content.decode()


def test_it_costs_the_same_however_much_there_is(
    client: Client,
    crate: Crate,
    alice: User,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    for number in range(15):
        make_version(crate, f"0.{number}.0", provenance={})
    version = make_version(crate, provenance={})
    for number in range(15):
        make_dependency(version, f"needed-{number}")
    client.force_login(alice)

    with django_assert_max_num_queries(12):
        client.get("/crates/hello/1.0.0")
