"""Names as crates.io takes them."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.formats import names
from registry.formats.errors import FormatError


@pytest.mark.parametrize("name", ["a", "serde_json", "Inflector", "x-1", "a" * 64, "a-_-b"])
def test_it_takes_a_crate_name(name: str) -> None:
    names.check_crate_name(name)


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("", "crate name cannot be empty"),
        ("a" * 65, "too long (max 64 characters)"),
        ("1a", "cannot start with a digit"),
        ("_a", "first character must be an ASCII letter"),
        ("-a", "first character must be an ASCII letter"),
        ("é", "first character must be an ASCII letter"),
        ("aé", "invalid character `é` in crate name"),
        ("a b", "invalid character ` ` in crate name"),
        ("a\0", "invalid character `\\x00` in crate name"),
        ("a\n", "invalid character `\\n` in crate name"),
        ("a/b", "invalid character `/` in crate name"),
        ("a٣", "invalid character"),
    ],
)
def test_it_refuses_a_crate_name(name: str, problem: str) -> None:
    with pytest.raises(names.InvalidCrateName) as refused:
        names.check_crate_name(name)

    assert problem in str(refused.value)


def test_an_alias_may_start_with_an_underscore() -> None:
    names.check_dependency_alias("_private")

    with pytest.raises(FormatError, match="dependency name"):
        names.check_dependency_alias("_é")


@pytest.mark.parametrize("feature", ["std", "_x", "2d", "c++20", "a.b-c", "größe", "x" * 100])
def test_it_takes_a_feature_name(feature: str) -> None:
    names.check_feature_name(feature)


@pytest.mark.parametrize("feature", ["", "+a", ".a", "-a", "a b", "a/b", "dep:a", "a?", "a\0"])
def test_it_refuses_a_feature_name(feature: str) -> None:
    with pytest.raises(names.InvalidFeature):
        names.check_feature_name(feature)


@pytest.mark.parametrize("value", ["std", "dep:rand", "rand/std", "rand?/std", "_a/2d"])
def test_it_takes_what_a_feature_enables(value: str) -> None:
    names.check_feature_value(value)


@pytest.mark.parametrize(
    "value", ["", "dep:", "/std", "rand/", "rand?", "a/b/c", "x dep:a", "dep:a/b", "?/std"]
)
def test_it_refuses_what_a_feature_cannot_enable(value: str) -> None:
    with pytest.raises(FormatError):
        names.check_feature_value(value)


@pytest.mark.parametrize("keyword", ["a", "no-std", "c++", "2d", "x" * 20])
def test_it_takes_a_keyword(keyword: str) -> None:
    names.check_keyword(keyword)


@pytest.mark.parametrize("keyword", ["", "-a", "x" * 21, "two words", "größe", "a\n"])
def test_it_refuses_a_keyword(keyword: str) -> None:
    with pytest.raises(names.InvalidKeyword, match="is an invalid keyword"):
        names.check_keyword(keyword)


def test_names_are_one_whatever_their_case_and_dashes() -> None:
    assert names.canonical("Serde-JSON") == names.canonical("serde_json") == "serde_json"
    # Only ASCII is folded: lower() would turn a Kelvin sign into a k.
    assert names.canonical("\N{KELVIN SIGN}") == "\N{KELVIN SIGN}"


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("A", "1/a"),
        ("ab", "2/ab"),
        ("Abc", "3/a/abc"),
        ("Dddd", "dd/dd/dddd"),
        ("a-_b", "a-/_b/a-_b"),
    ],
)
def test_the_index_path_is_lower_case(name: str, path: str) -> None:
    assert names.index_path(name) == path


def test_reserved_names_are_canonical() -> None:
    assert {"std", "compiler_rt", "nul", "com0", "lpt9"} <= names.RESERVED_NAMES
    assert all(name == names.canonical(name) for name in names.RESERVED_NAMES)


@given(st.from_regex(r"[a-zA-Z][a-zA-Z0-9_-]{0,63}", fullmatch=True))
def test_the_pattern_of_index_paths_knows_every_path(name: str) -> None:
    assert re.fullmatch(names.INDEX_PATH, names.index_path(name))


@pytest.mark.parametrize(
    "path",
    ["1/ab", "2/a", "3/b/abc", "se/rd/tokio", "SE/RD/SERDE", "1a/bc/1abc", "../a/b"],
)
def test_the_pattern_of_index_paths_takes_no_other(path: str) -> None:
    assert not re.fullmatch(names.INDEX_PATH, path)
