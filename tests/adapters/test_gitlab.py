"""What we understand of GitLab's and Forgejo's answers about a project."""

from collections.abc import Iterator

import pytest

from adapters.forgejo import ForgejoRepository, find_repository
from adapters.gitlab import GitLab, Project
from adapters.http import OutgoingError
from demo.gitlab_server import FakeGitLab
from tests.adapters.conftest import Serve
from tests.adapters.test_http import answering

PATH = "Ferris-Labs/libs/tidepool"


@pytest.fixture
def fake() -> Iterator[FakeGitLab]:
    with FakeGitLab() as server:
        server.projects[PATH] = (20488, 7718)
        server.groups["Ferris-Labs/libs"] = 7718
        server.moved["old/tidepool"] = PATH
        yield server


@pytest.fixture
def gitlab(fake: FakeGitLab) -> GitLab:
    return GitLab(f"{fake.url}/api/v4", allow_private=True)


def test_it_finds_the_numbers_behind_a_path(gitlab: GitLab) -> None:
    assert gitlab.project(PATH.lower()) == Project(20488, 7718, PATH)
    assert gitlab.group("ferris-labs/libs") == 7718


def test_it_reads_a_file_of_the_default_branch(gitlab: GitLab, fake: FakeGitLab) -> None:
    fake.files[PATH, "ci/release.yml"] = "publish:\n"

    assert gitlab.pipeline_file(PATH, "ci/release.yml") == "publish:\n"
    assert gitlab.pipeline_file(PATH, ".gitlab-ci.yml") is None
    assert gitlab.pipeline_file("../x", "ci/release.yml") is None


@pytest.mark.parametrize("content", [b"{}", b'{"content": 1}', b'{"content": "&"}'])
def test_what_is_no_file_is_an_error(serve: Serve, content: bytes) -> None:
    gitlab = GitLab(serve(answering(content)), allow_private=True)

    with pytest.raises(OutgoingError, match="not a file"):
        gitlab.pipeline_file("a/b", "c.yml")


@pytest.mark.parametrize(
    "path", ["nobody/nothing", "old/tidepool", "a//b", "../x", "a/../b", "a?b/c", "x" * 600, ""]
)
def test_what_is_not_there_or_has_moved_has_no_numbers(gitlab: GitLab, path: str) -> None:
    assert gitlab.project(path) is None
    assert gitlab.group(path) is None


@pytest.mark.parametrize("status", [401, 403, 429, 500])
def test_a_gitlab_that_does_not_say_is_an_error(
    gitlab: GitLab, fake: FakeGitLab, status: int
) -> None:
    fake.status = status

    with pytest.raises(OutgoingError):
        gitlab.project(PATH)


@pytest.mark.parametrize(
    "content",
    [
        b"[]",
        b'{"id": 1}',
        b'{"id": 1, "namespace": {"id": 2}}',
        b'{"id": true, "namespace": {"id": 2}, "path_with_namespace": "a/b"}',
        b'{"id": 1, "namespace": {"id": "2"}, "path_with_namespace": "a/b"}',
        b'{"id": 1, "namespace": {"id": 2}, "path_with_namespace": "<b>"}',
    ],
)
def test_an_answer_of_another_shape_is_an_error(serve: Serve, content: bytes) -> None:
    with pytest.raises(OutgoingError):
        GitLab(serve(answering(content)), allow_private=True).project(PATH)


def test_forgejo_tells_the_numbers_too(serve: Serve) -> None:
    answer = b'{"id": 9, "full_name": "Ferris/tide", "owner": {"id": 5, "login": "Ferris"}}'

    found = find_repository(serve(answering(answer)), "ferris", "tide", allow_private=True)

    assert found == ForgejoRepository(9, 5, "Ferris/tide")


@pytest.mark.parametrize(("owner", "name"), [("..", "tide"), ("a/b", "b"), ("a", ""), ("a", ".")])
def test_an_odd_name_is_not_asked_about(owner: str, name: str) -> None:
    assert find_repository("http://127.0.0.1:9", owner, name) is None


@pytest.mark.parametrize("content", [b"[]", b"{}", b'{"id": 1, "owner": {"id": 0}}'])
def test_a_forgejo_of_another_shape_is_an_error(serve: Serve, content: bytes) -> None:
    with pytest.raises(OutgoingError):
        find_repository(serve(answering(content)), "ferris", "tide", allow_private=True)


def test_a_renamed_repository_of_forgejo_is_unknown(serve: Serve) -> None:
    moved = serve(answering(b"", status="301 Moved", headers="Location: /x\r\n"))

    assert find_repository(moved, "ferris", "tide", allow_private=True) is None
