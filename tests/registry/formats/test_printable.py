import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.formats.printable import MAX_LENGTH, printable, without_steering


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("refs/tags/v1.0.0", "refs/tags/v1.0.0"),
        ("größer, 名前", "größer, 名前"),
        ("main\u202egnp.exe", "main\\u202egnp.exe"),
        ("a\u200bb", "a\\u200bb"),
        ("a\nb\x1b[31m", "a\\nb\\x1b[31m"),
        ("a\u00a0b", "a\\xa0b"),
    ],
)
def test_it_shows_marks_that_would_steer(text: str, expected: str) -> None:
    assert printable(text) == expected


def test_it_shortens_what_is_too_long() -> None:
    assert printable("x" * 1000) == "x" * (MAX_LENGTH - 1) + "…"


@given(st.text())
def test_nothing_unprintable_is_left(text: str) -> None:
    assert printable(text).isprintable()


def test_sentences_lose_overrides_and_keep_lines_and_joiners() -> None:
    family = "👩\u200d👧"

    assert without_steering(f"one\ntwo {family} \u202eevil\u2069\x07") == f"one\ntwo {family} evil"
