import pytest

from demo.github_pages import page_at
from demo.github_world import FakeAccount, FakeRepository, GitHubWorld

SHA = "8c1de4a3f0b94d0f6a7f3f4b4d8e9a2c5b7d6e10"


@pytest.fixture
def world() -> GitHubWorld:
    world = GitHubWorld()
    alice = FakeAccount(1, "alice")
    world.repositories = {
        10: FakeRepository(10, alice, "tool"),
        11: FakeRepository(11, alice, "hidden", private=True),
    }
    return world


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("/alice/tool", "the repository"),
        (f"/alice/tool/commit/{SHA}", f"commit {SHA}"),
        (f"/alice/tool/tree/{SHA}", f"all files as of commit {SHA}"),
        (f"/alice/tool/blob/{SHA}/.github/workflows/a.yml", "the file .github/workflows/a.yml as"),
        ("/alice/tool/actions/runs/7/attempts/2", "run 7 of a workflow, attempt 2"),
        ("/alice/tool/actions/runs/7", "run 7 of a workflow"),
        ("/alice/tool/commit/%3Cscript%3E", "commit &lt;script&gt;"),
    ],
)
def test_a_page_says_what_the_real_one_would_show(
    world: GitHubWorld, path: str, shown: str
) -> None:
    page = page_at(world, path)

    assert page is not None
    assert f"would show here: {shown}" in page


@pytest.mark.parametrize("path", ["/", "/alice", "/alice/other", "/alice/hidden", "//"])
def test_there_is_no_page_without_a_public_repository(world: GitHubWorld, path: str) -> None:
    assert page_at(world, path) is None
