from collections.abc import Iterator

import pytest

from adapters.github import Account, AccountKind, GitHub, Repository, Team
from adapters.http import OutgoingError
from demo.github_server import FakeGitHub
from tests.adapters.conftest import Serve
from tests.adapters.test_http import answering


@pytest.fixture
def fake() -> Iterator[FakeGitHub]:
    with FakeGitHub() as server:
        server.add_user("Alice", 583231, name="Alice")
        server.add_user("rustaceans", 42, kind="Organization")
        server.add_repository("rustaceans", "tool.rs", 7)
        yield server


@pytest.fixture
def github(fake: FakeGitHub) -> GitHub:
    return GitHub(fake.api_url, allow_private=True)


def test_it_finds_the_number_behind_a_login(github: GitHub) -> None:
    assert github.user("alice") == Account(583231, "Alice", AccountKind.USER)
    assert github.user("rustaceans") == Account(42, "rustaceans", AccountKind.ORGANIZATION)


def test_nobody_has_an_unknown_login(github: GitHub) -> None:
    assert github.user("bob") is None


def test_it_finds_the_numbers_behind_a_repository(github: GitHub) -> None:
    assert github.repository("Rustaceans", "Tool.rs") == Repository(
        id=7,
        owner_id=42,
        owner_login="rustaceans",
        name="tool.rs",
        full_name="rustaceans/tool.rs",
        visibility="public",
    )


def test_there_is_no_unknown_repository(github: GitHub) -> None:
    assert github.repository("rustaceans", "other") is None


def test_a_former_name_of_a_repository_counts_as_unknown(fake: FakeGitHub, github: GitHub) -> None:
    fake.rename_user("rustaceans", "crustaceans")

    assert github.repository("rustaceans", "tool.rs") is None
    assert github.repository("crustaceans", "tool.rs") is not None


def test_it_asks_an_enterprise_server_below_its_prefix(fake: FakeGitHub) -> None:
    github = GitHub(f"{fake.url}/api/v3/", allow_private=True)

    assert github.user("alice") is not None


@pytest.mark.parametrize("login", ["", "..", "a/b", "a?b", "a b", "a%2fb", "ä", "-a", "a\n"])
def test_it_does_not_ask_for_a_login_that_cannot_be(
    fake: FakeGitHub, github: GitHub, login: str
) -> None:
    assert github.user(login) is None
    assert not fake.requests


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "a?b", "a#b", "a\n"])
def test_it_does_not_ask_for_a_repository_that_cannot_be(
    fake: FakeGitHub, github: GitHub, name: str
) -> None:
    assert github.repository("rustaceans", name) is None
    assert not fake.requests


def test_it_sends_its_token_and_the_version_it_was_written_for(serve: Serve) -> None:
    heard: list[bytes] = []
    url = serve(answering(b'{"id": 1, "login": "a", "type": "User"}', heard=heard))

    GitHub(url, "ghp_x", allow_private=True).user("a")

    assert b"Authorization: Bearer ghp_x\r\n" in heard[0]
    assert b"X-GitHub-Api-Version: 2022-11-28\r\n" in heard[0]
    assert b"Accept: application/vnd.github+json\r\n" in heard[0]


@pytest.mark.parametrize("status", ["403 rate limit exceeded", "429 Too Many Requests"])
def test_a_rate_limit_is_worth_another_try(serve: Serve, status: str) -> None:
    github = GitHub(serve(answering(b"{}", status=status)), allow_private=True)

    with pytest.raises(OutgoingError, match="rate limit") as caught:
        github.user("alice")

    assert caught.value.retryable


@pytest.mark.parametrize(
    "content",
    [
        b"[]",
        b"{}",
        b'{"id": "1", "login": "a", "type": "User"}',
        b'{"id": true, "login": "a", "type": "User"}',
        b'{"id": 1, "login": null, "type": "User"}',
    ],
)
def test_it_refuses_an_answer_of_another_shape(serve: Serve, content: bytes) -> None:
    github = GitHub(serve(answering(content)), allow_private=True)

    with pytest.raises(OutgoingError, match="GitHub's answer"):
        github.user("a")


def test_an_unknown_kind_of_account_is_other(serve: Serve) -> None:
    url = serve(answering(b'{"id": 1, "login": "a", "type": "Mannequin"}'))

    assert GitHub(url, allow_private=True).user("a") == Account(1, "a", AccountKind.OTHER)


def test_it_asks_no_private_network_unless_allowed(fake: FakeGitHub) -> None:
    with pytest.raises(OutgoingError, match="public internet"):
        GitHub(fake.api_url).user("alice")


@pytest.fixture
def asking(fake: FakeGitHub) -> GitHub:
    """In the name of Alice, who is in the team `core` of `rustaceans`."""
    alice = fake.world.accounts[583231]
    fake.add_user("bob", 5)
    fake.add_team("rustaceans", "core", 9, ["alice"], name="Core Team")
    token = fake.oauth.issue(alice, "read:org")
    return GitHub(fake.api_url, token, allow_private=True)


def test_it_knows_whose_token_it_is(asking: GitHub) -> None:
    assert asking.viewer() == Account(583231, "Alice", AccountKind.USER)


def test_it_finds_a_team(fake: FakeGitHub, asking: GitHub) -> None:
    assert asking.team("Rustaceans", "core") == Team(
        id=9,
        organization_id=42,
        name="Core Team",
        avatar_url=f"{fake.url}/avatars/u/42?v=4",
    )
    assert asking.team("rustaceans", "other") is None


@pytest.mark.parametrize(
    ("organization", "slug"), [("", "x"), ("a/b", "x"), ("..", "x"), ("a", ".."), ("a", "b/c")]
)
def test_it_does_not_ask_for_a_team_that_cannot_be(
    fake: FakeGitHub, asking: GitHub, organization: str, slug: str
) -> None:
    assert asking.team(organization, slug) is None
    assert not fake.requests


@pytest.mark.parametrize(
    ("login", "state", "is_member"),
    [
        ("alice", "active", True),
        ("ALICE", "active", True),
        ("alice", "pending", False),
        ("bob", "active", False),
        ("nobody", "active", False),
        ("../..", "active", False),
    ],
)
def test_only_active_members_are_in_a_team(
    fake: FakeGitHub, asking: GitHub, login: str, state: str, is_member: bool
) -> None:
    fake.world.teams[9].members[583231] = state

    assert asking.is_team_member(42, 9, login) == is_member
    assert not asking.is_team_member(43, 9, login)


@pytest.mark.parametrize(("role", "is_admin"), [("admin", True), ("member", False)])
def test_it_knows_the_owners_of_an_organization(
    fake: FakeGitHub, asking: GitHub, role: str, is_admin: bool
) -> None:
    fake.add_member("rustaceans", "alice", role)

    assert asking.is_organization_admin(42, "alice") == is_admin
    assert not asking.is_organization_admin(42, "bob")


def test_a_refused_question_says_with_which_status(fake: FakeGitHub, asking: GitHub) -> None:
    fake.world.restricted.add(42)
    with pytest.raises(OutgoingError) as denied:
        asking.team("rustaceans", "core")
    with pytest.raises(OutgoingError) as unknown:
        GitHub(fake.api_url, "gho_wrong", allow_private=True).viewer()

    assert (denied.value.status, unknown.value.status) == (403, 401)
