"""Versions sort as semver says, requirements match as cargo does."""

import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.formats.semver import InvalidVersion, Requirement, Version

# Semantic Versioning 2.0.0, item 11, with what the text says in words.
IN_ORDER = [
    "0.0.0-0",
    "0.0.1",
    "1.0.0--",
    "1.0.0-alpha",
    "1.0.0-alpha.1",
    "1.0.0-alpha.beta",
    "1.0.0-beta",
    "1.0.0-beta.2",
    "1.0.0-beta.11",
    "1.0.0-rc.1",
    "1.0.0",
    "2.0.0",
    "2.1.0",
    "2.1.1",
    "2.2.0",
    "2.10.0",
    "18446744073709551615.0.0",
]
IN_ORDER.insert(2, "1.0.0-9")
IN_ORDER.insert(3, "1.0.0-" + "9" * 5000)


def test_it_sorts_by_precedence() -> None:
    shuffled = random.Random(1).sample(IN_ORDER, len(IN_ORDER))

    assert sorted(shuffled, key=Version.parse) == IN_ORDER
    assert all(
        Version.parse(low).sort_key < Version.parse(high).sort_key
        for low, high in pairwise(IN_ORDER)
    )


def test_build_metadata_has_no_precedence_but_breaks_ties() -> None:
    plain, first, second = (Version.parse(f"1.0.0{build}") for build in ("", "+2", "+10"))

    assert plain.sort_key == first.sort_key == second.sort_key
    assert plain < first < second
    assert (first.text, first.without_build) == ("1.0.0+2", "1.0.0")


@pytest.mark.parametrize("text", ["1.2.3", "1.0.0-a.b-c.0+001.x", "0.0.0--1", "1.0.0+0-0"])
def test_it_gives_back_the_text(text: str) -> None:
    version = Version.parse(text)

    assert version.text == str(version) == text
    assert version.is_prerelease == ("-" in text.split("+")[0])


@pytest.mark.parametrize(
    "text",
    ["", "1", "1.0", "1.0.0.0", "v1.0.0", "01.0.0", "1.0.0-", "1.0.0-01", "1.0.0-a..b", "1.0.0+",
     "1.0.0 ", "1.0.0\n", "\u0661.0.0", "18446744073709551616.0.0", "1.0.0-é", "1.0.0+a_b",
     "9" * 9999],
)  # fmt: skip
def test_it_refuses_what_is_not_a_version(text: str) -> None:
    with pytest.raises(InvalidVersion, match="is an invalid semver version"):
        Version.parse(text)


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("1", "^1"),
        ("1.0", "^1.0"),
        ("=1.2.3", "=1.2.3"),
        (">=1,<2", ">=1, <2"),
        (" >= 1.0 ,  < 2 ", ">=1.0, <2"),
        ("1.*", "1.*"),
        ("1.x", "1.*"),
        ("1.2.X", "1.2.*"),
        ("1.*.*", "1.*"),
        ("=1.*", "=1"),
        ("*", "*"),
        (" x ", "*"),
        ("~1.2", "~1.2"),
        ("^0.1.0-alpha.1+build", "^0.1.0-alpha.1"),
        ("0.*", "0.*"),
    ],
)
def test_a_requirement_prints_as_cargo_prints_it(text: str, normal: str) -> None:
    assert str(Requirement.parse(text)) == normal


@pytest.mark.parametrize(
    "text",
    ["", "a", "1,", ",1", "1 2", "*,1", "1,*", ">=*", "1.*.2", "1.2.*-a", "1.2-a", "==1", "01",
     "1..2", "=>1", "!1", "1.2.3.4", "18446744073709551616", ",".join(["1"] * 33), "1\n", "* *",
     "1 - 2"],
)  # fmt: skip
def test_it_refuses_what_is_not_a_requirement(text: str) -> None:
    with pytest.raises(InvalidVersion, match="is an invalid version requirement"):
        Requirement.parse(text)


@pytest.mark.parametrize(
    ("requirement", "matching", "others"),
    [
        ("1.2.3", "1.2.3 1.2.4 1.9.0", "1.2.2 2.0.0 0.9.0"),
        ("1.2", "1.2.0 1.9.9", "1.1.9 2.0.0"),
        ("1", "1.0.0 1.9.9", "0.9.9 2.0.0"),
        ("0.2.3", "0.2.3 0.2.9", "0.2.2 0.3.0 1.2.3"),
        ("0.2", "0.2.0 0.2.9", "0.1.9 0.3.0"),
        ("0.0.3", "0.0.3", "0.0.2 0.0.4 0.1.0"),
        ("0.0", "0.0.0 0.0.9", "0.1.0"),
        ("0", "0.0.0 0.9.9", "1.0.0"),
        ("~1.2.3", "1.2.3 1.2.9", "1.2.2 1.3.0"),
        ("~1.2", "1.2.0 1.2.9", "1.3.0 1.2.0-a"),
        ("~1", "1.0.0 1.9.9", "2.0.0"),
        ("=1.2", "1.2.0 1.2.9", "1.3.0"),
        ("=1.2.3", "1.2.3 1.2.3+build", "1.2.4 1.2.3-a"),
        (">1.2", "1.3.0 2.0.0", "1.2.0 1.2.9"),
        (">1", "2.0.0", "1.9.9"),
        (">=1.2", "1.2.0 3.0.0", "1.1.9"),
        ("<1.2", "1.1.9 0.0.0", "1.2.0 1.2.0-a"),
        ("<=1.2", "1.2.9 1.0.0", "1.3.0"),
        ("<=1.2.3", "1.2.3", "1.2.4"),
        (">=1, <1.5", "1.0.0 1.4.9", "0.9.0 1.5.0"),
        ("1.*", "1.0.0 1.9.9", "2.0.0 1.0.0-a"),
        ("1.2.*", "1.2.0", "1.3.0"),
        ("*", "0.0.0 9.9.9", "1.0.0-a"),
        ("1.0.0-alpha.2", "1.0.0-alpha.2 1.0.0-beta 1.0.0 1.1.0", "1.0.0-alpha.1 1.1.0-alpha.3"),
        (">=1.0.0-a", "1.0.0-a 1.0.0 2.0.0", "1.0.1-a 2.0.0-a"),
        ("=1.0.0-a", "1.0.0-a", "1.0.0 1.0.0-b"),
        ("<1.0.0-b", "1.0.0-a 0.9.0", "1.0.0-b 0.9.0-a"),
        ("~1.0.0-a", "1.0.0-b 1.0.7", "1.1.0 1.0.1-a"),
        ("~1.2, >=1.2.0-a", "1.2.0", "1.2.0-a"),
    ],
)
def test_a_requirement_matches_as_in_cargo(requirement: str, matching: str, others: str) -> None:
    parsed = Requirement.parse(requirement)

    assert [v for v in matching.split() if not parsed.matches(Version.parse(v))] == []
    assert [v for v in others.split() if parsed.matches(Version.parse(v))] == []


@given(st.text(alphabet="0123456789.-+*xX ,<>=~^ab", max_size=30))
def test_printing_a_requirement_changes_nothing_more(text: str) -> None:
    try:
        printed = str(Requirement.parse(text))
    except InvalidVersion:
        return

    assert str(Requirement.parse(printed)) == printed
