import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.formats.repository_links import Agreement, compare_commits, compare_repositories

VERIFIED = "https://github.com/octo/hello"
SHA = "5f2c8e0d9b7a41c36e8d0f1a2b3c4d5e6f708192"


@pytest.mark.parametrize(
    "claimed",
    [
        "https://github.com/octo/hello",
        "http://github.com/octo/hello",
        "https://github.com/octo/hello/",
        "https://github.com/octo/hello.git",
        "https://GitHub.com/Octo/HELLO",
        "https://github.com/octo/hello/tree/main/crates/inner",
        "https://github.com/octo/hello#readme",
        "https://github.com/octo/hello?tab=readme",
    ],
)
def test_it_recognises_the_verified_repository(claimed: str) -> None:
    assert compare_repositories(claimed, VERIFIED) is Agreement.SAME


@pytest.mark.parametrize(
    "claimed",
    [
        "https://github.com/octo/other",
        "https://github.com/octo/hello-2",
        "https://github.com/octo",
        "https://github.com",
        "https://gitlab.com/octo/hello",
        "https://github.com.example/octo/hello",
        "https://example.com/github.com/octo/hello",
        "https://example.com/?https://github.com/octo/hello",
        "https://example.com/#/octo/hello",
    ],
)
def test_it_recognises_another_repository(claimed: str) -> None:
    assert compare_repositories(claimed, VERIFIED) is Agreement.DIFFERENT


@pytest.mark.parametrize(
    "claimed",
    [
        "",
        "github.com/octo/hello",
        "git@github.com:octo/hello.git",
        "ssh://git@github.com/octo/hello",
        "https://github.com@evil.example/octo/hello",
        "https://evil.example@github.com/octo/hello",
        "https://github.com:443/octo/hello",
        "https://github.com\\@evil.example/octo/hello",
        "https:\\\\github.com\\octo\\hello",
        "https://github.com/octo\\hello",
        "https://github.com/evil/../octo/hello",
        "https://github.com/./octo/hello",
        "https://github.com/evil/%2e%2e/octo/hello",
        "https://github.com/octo/hello%2Fother",
        "https://github.com//octo/hello",
        "https:///octo/hello",
        "https://github.com./octo/hello",
        "https://gíthub.com/octo/hello",
        "https://github.com/octo/hello\n",
        " https://github.com/octo/hello",
        "https://git\thub.com/octo/hello",
        "javascript:alert(1)",
    ],
)
def test_it_claims_nothing_of_what_readers_could_see_differently(claimed: str) -> None:
    assert compare_repositories(claimed, VERIFIED) is Agreement.UNKNOWN


@pytest.mark.parametrize("verified", ["", "https://github.com/octo", "https://[::1]/octo/hello"])
def test_it_claims_nothing_without_a_verified_repository(verified: str) -> None:
    assert compare_repositories("https://github.com/octo/hello", verified) is Agreement.UNKNOWN


def test_it_tells_projects_of_nested_groups_apart() -> None:
    verified = "https://gitlab.com/group/sub/project"

    assert compare_repositories(f"{verified}/-/tree/main", verified) is Agreement.SAME
    assert compare_repositories("https://gitlab.com/group/sub", verified) is Agreement.DIFFERENT
    other = "https://gitlab.com/group/sub/other"
    assert compare_repositories(other, verified) is Agreement.DIFFERENT


@given(st.text())
def test_it_answers_whatever_is_claimed(claimed: str) -> None:
    assert compare_repositories(claimed, VERIFIED) in Agreement


@given(st.text(alphabet="abc/.@:\\%#?", max_size=20))
def test_only_addresses_below_the_repository_count_as_the_same(rest: str) -> None:
    outcome = compare_repositories(f"https://github.com{rest}/octo/hello", VERIFIED)

    assert outcome is not Agreement.SAME or rest == ""


@pytest.mark.parametrize(
    ("claimed", "verified", "expected"),
    [
        (SHA, SHA, Agreement.SAME),
        (SHA.upper(), SHA, Agreement.SAME),
        (SHA, SHA[::-1], Agreement.DIFFERENT),
        (SHA[:7], SHA, Agreement.DIFFERENT),
        ("", SHA, Agreement.UNKNOWN),
        (SHA, "", Agreement.UNKNOWN),
    ],
)
def test_it_compares_commits(claimed: str, verified: str, expected: Agreement) -> None:
    assert compare_commits(claimed, verified) is expected
