import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.formats.search_text import (
    MAX_GRAMS,
    MAX_README_LENGTH,
    MAX_WORD_LENGTH,
    MAX_WORDS,
    edits,
    grams,
    part_of_name,
    search_text,
    search_words,
)


@pytest.mark.parametrize(
    ("text", "name", "words"),
    [
        ("serde", "serde", ("serde",)),
        ("  Serde-JSON ", "serde_json", ("serde", "json")),
        ("serde json", "serde_json", ("serde", "json")),
        ("serde::json", "serde_json", ("serde", "json")),
        ("serde-", "serde_", ("serde",)),
        ("json json", "json_json", ("json",)),
        ("the json parser", "the_json_parser", ("json", "parser")),
        ("which", "which", ("which",)),
        ("Caf\u00e9", "cafe", ("cafe",)),
        ('NEAR("a" OR b*)', "near_a_or_b", ("near", "b")),
        ("' & ! | :* \\", "", ()),
        ("\0", "", ()),
        ("", "", ()),
        ("x" * (MAX_WORD_LENGTH + 1), "x" * (MAX_WORD_LENGTH + 1), ()),
    ],
)
def test_a_text_becomes_a_name_and_words(text: str, name: str, words: tuple[str, ...]) -> None:
    found = search_text(text)

    assert (found.name, found.words) == (name, words)


def test_it_looks_for_a_few_words_only() -> None:
    assert len(search_text(" ".join(f"w{n}" for n in range(99))).words) == MAX_WORDS


def test_a_crate_is_found_by_words_that_mean_something() -> None:
    found = search_words(
        name="Serde-Json",
        keywords=["data-format", "JSON"],
        description="A parser, for the caf\u00e9.",
        readme="# Title\n\n`serde_json::from_str`\0",
    )

    assert found.name == "  serde    json  "
    assert found.keywords == "data format json"
    assert found.description == "parser cafe"
    assert found.readme == "title serde json str"


def test_only_the_beginning_of_a_readme_counts() -> None:
    found = search_words(name="a", keywords=[], description="", readme="word " * 100_000)

    assert len(found.readme) <= MAX_README_LENGTH


@pytest.mark.parametrize(
    ("word", "part"), [("a", "  a"), ("ab", " ab"), ("abc", "abc"), ("abcd", "abcd")]
)
def test_short_words_count_where_a_word_begins(word: str, part: str) -> None:
    assert part_of_name(word) == part


def test_a_name_has_pieces_of_three_letters() -> None:
    assert grams("ab_cde") == [" ab", "ab ", " cd", "cde", "de "]


@pytest.mark.parametrize("length", [1, 12, 13, 26, 64, 500])
def test_a_long_name_has_no_more_pieces_than_it_takes(length: int) -> None:
    name = "".join(chr(ord("a") + n % 26) for n in range(length))

    assert 1 <= len(grams(name)) <= MAX_GRAMS


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        ("serde", "serde", 0),
        ("sered", "serde", 1),
        ("serd", "serde", 1),
        ("serdee", "serde", 1),
        ("sorde", "serde", 1),
        ("tokoi", "tokio", 1),
        ("rqwets", "reqwest", 2),
        ("abcdef", "uvwxyz", 3),
        ("a", "abcdef", 3),
        ("", "", 0),
    ],
)
def test_edits_are_counted_up_to_a_limit(left: str, right: str, expected: int) -> None:
    assert edits(left, right, limit=2) == expected
    assert edits(right, left, limit=2) == expected


@given(st.text(max_size=300))
def test_words_hold_nothing_that_could_be_syntax(text: str) -> None:
    assert all(word.isalnum() for word in search_text(text).words)
    assert all(len(piece) == 3 and '"' not in piece for piece in grams(text))
