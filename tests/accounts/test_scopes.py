import pytest

from accounts.scopes import (
    InvalidScope,
    Scope,
    allows,
    explain_pattern,
    pattern_matches,
    read_patterns,
    read_scopes,
)

NEW, UPDATE, YANK = Scope.PUBLISH_NEW, Scope.PUBLISH_UPDATE, Scope.YANK


@pytest.mark.parametrize(
    ("scopes", "patterns", "scope", "crate", "expected"),
    [
        # A token without limits passes everything.
        (None, None, YANK, "foo", True),
        (None, None, None, None, True),
        (None, [], YANK, "foo", True),
        # An endpoint scope must be held.
        (["yank"], None, YANK, "foo", True),
        (["yank"], None, NEW, "foo", False),
        ([], None, YANK, "foo", False),
        # An endpoint that declares no scope refuses tokens that have some.
        (["yank"], None, None, None, False),
        # Crate patterns compare as spelled.
        (None, ["foo"], UPDATE, "foo", True),
        (None, ["foo"], UPDATE, "Foo", False),
        (None, ["foo-bar"], UPDATE, "foo_bar", False),
        (None, ["foo*"], UPDATE, "foobar", True),
        (None, ["foo-*"], UPDATE, "foo", False),
        (None, ["*"], NEW, "anything", True),
        (None, ["a", "b*"], UPDATE, "bcd", True),
        (None, ["a", "b*"], UPDATE, "cd", False),
        # An endpoint that is about no crate refuses tokens that have patterns.
        (None, ["foo"], None, None, False),
        # Both must hold.
        (["publish-new"], ["foo"], NEW, "foo", True),
        (["publish-new"], ["foo"], UPDATE, "foo", False),
        (["publish-new"], ["foo"], NEW, "bar", False),
    ],
)
def test_what_a_token_allows(
    scopes: list[str] | None,
    patterns: list[str] | None,
    scope: Scope | None,
    crate: str | None,
    expected: bool,
) -> None:
    assert allows(scopes, patterns, scope, crate) is expected


def test_scopes_are_kept_once_and_in_a_fixed_order() -> None:
    assert read_scopes(["yank", "publish-new", "yank"]) == ["publish-new", "yank"]
    assert read_scopes(None) is None
    assert read_scopes([]) == []


@pytest.mark.parametrize("scope", ["", "publish", "PUBLISH-NEW", "publish_new", "*", "yank "])
def test_an_unknown_scope_is_refused(scope: str) -> None:
    with pytest.raises(InvalidScope, match="choose from publish-new"):
        read_scopes(["yank", scope])


@pytest.mark.parametrize("pattern", ["foo", "foo*", "*", "f-o_o9*", "a" * 64])
def test_a_pattern_is_a_name_or_a_prefix(pattern: str) -> None:
    assert read_patterns([pattern, pattern]) == [pattern]


@pytest.mark.parametrize(
    "pattern", ["", "**", "*foo", "fo*o", "foo**", "1foo", "fo o", "föö", "foo\n", "a" * 65, "."]
)
def test_a_malformed_pattern_is_refused(pattern: str) -> None:
    with pytest.raises(InvalidScope):
        read_patterns([pattern])


def test_no_patterns_mean_no_limit() -> None:
    assert read_patterns([]) is None
    assert read_patterns(None) is None


def test_a_prefix_matches_itself() -> None:
    assert pattern_matches("foo*", "foo")


def test_patterns_are_told_in_words() -> None:
    assert explain_pattern("*") == "all crates"
    assert explain_pattern("foo-*") == "all crates starting with foo-"
    assert explain_pattern("foo") == "only the crate foo"


def test_every_scope_is_explained() -> None:
    assert all(scope.explanation for scope in Scope)
