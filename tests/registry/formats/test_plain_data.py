"""JSON and TOML from strangers."""

import time
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.formats.plain_data import MAX_DEPTH, InvalidData, parse_json, parse_toml


def test_it_parses_ordinary_data() -> None:
    assert parse_json(b'{"a": [1, "\\ud83d\\ude00", null]}') == {"a": [1, "😀", None]}
    assert parse_toml('[a.b]\nc = ["""x\ny"""] # d.e\n') == {"a": {"b": {"c": ["x\ny"]}}}


@pytest.mark.parametrize("text", ["1e999", '{"a": [-1e400]}', "NaN", "Infinity"])
def test_a_number_that_no_database_holds_is_refused(text: str) -> None:
    with pytest.raises(InvalidData):
        parse_json(text.encode())


def test_what_is_kept_can_be_read_again_anywhere() -> None:
    lists, objects = "[" * MAX_DEPTH + "]" * MAX_DEPTH, '{"a":' * MAX_DEPTH + "1" + "}" * MAX_DEPTH
    for text in (lists, objects):
        parse_json(text.encode())
        with pytest.raises(InvalidData, match="too deeply"):
            parse_json(f"[{text}]".encode())


@pytest.mark.parametrize(
    "text",
    [
        "a = ",
        'a = "\\u0000"',
        '"\\u0000" = 1',
        "a = " + "[" * 100_000,
        "a = " + "{a=" * 100_000,
        "a = 1" + "0" * 10_000,
        "a = 1\na = 2",
        "[a" + ".a" * 40 + "]",
        ".".join(["a"] * 40) + " = 1",
        '"x" . ' * 40 + "x = 1",
        "a = '''",
    ],
    ids=lambda text: text[:20],
)
def test_it_refuses_toml_that_could_do_harm(text: str) -> None:
    with pytest.raises(InvalidData):
        parse_toml(text)


def test_dots_inside_strings_are_no_dotted_keys() -> None:
    dots = "a." * 100
    text = f"a = \"{dots}\"\nb = '{dots}'\nc = \"\"\"\n{dots}\"\"\"\nd = '''{dots}'''\n# {dots}\n"

    assert parse_toml(text)["a"] == dots


@pytest.mark.parametrize(
    "text",
    ["a." * 500_000, "a" * 1_000_000, "a " * 500_000, '"""' * 300_000, '"""\\"' * 200_000,
     "'" * 999_999, '"\\' * 500_000],
    ids=lambda text: text[:8],
)  # fmt: skip
def test_a_megabyte_of_nonsense_is_refused_at_once(text: str) -> None:
    started = time.thread_time()

    with pytest.raises(InvalidData):
        parse_toml(text)

    assert time.thread_time() - started < 2


@given(st.text(alphabet="ab=[]{}.\"'#\\\n0,- ", max_size=60))
def test_any_text_is_parsed_or_refused(text: str) -> None:
    with suppress(InvalidData):
        assert isinstance(parse_toml(text), dict)
