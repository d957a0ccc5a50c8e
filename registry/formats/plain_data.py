"""Parses JSON and TOML from strangers into data that any database can hold."""

import json
import math
import re
import tomllib
from collections.abc import Iterable
from typing import NoReturn

from registry.formats.errors import FormatError, shown

# A chain of dotted keys costs tomllib the square of its length; no manifest has eight parts.
MAX_DOTTED_PARTS = 16
# What is kept is read again by callers who stand deeper in the stack; nobody's data goes so far.
MAX_DEPTH = 64

_TOML_QUOTED = re.compile(
    r'"""(?:[^"\\]|\\.|"(?!""))*+(?:"{3,5}|\\?\Z)'
    r"|'''(?:[^']|'(?!''))*+(?:'{3,5}|\Z)"
    r'|"(?:[^"\\\n]|\\.)*+(?:"|\n|\\?\Z)'
    r"|'[^'\n]*+(?:'|\n|\Z)"
    r"|#[^\n]*+",
    re.DOTALL,
)
_TOML_DOTTED = re.compile(rf"(?<![\w-])(?:[\w-]++[ \t]*+\.[ \t]*+){{{MAX_DOTTED_PARTS}}}", re.ASCII)


class InvalidData(FormatError):
    """Not JSON or TOML, or with strings that no database holds; the text says why."""


def parse_json(data: bytes) -> object:
    """Raises InvalidData; duplicate keys, NaN, NUL and lone surrogates count as malformed.

    So does a number that is too large for a float, and what is nested more than MAX_DEPTH deep.
    """
    try:
        parsed: object = json.loads(
            data.decode(),
            object_pairs_hook=_unique,
            parse_constant=_refuse_constant,
            parse_float=_finite,
        )
    except RecursionError:
        raise InvalidData("it is nested too deeply") from None
    except ValueError as error:
        raise InvalidData(shown(str(error))) from None
    check_strings(parsed)
    _check_depth(parsed)
    return parsed


def parse_toml(text: str) -> dict[str, object]:
    """Raises InvalidData."""
    if _TOML_DOTTED.search(_TOML_QUOTED.sub("s", text)):
        raise InvalidData(f"a dotted key has more than {MAX_DOTTED_PARTS} parts")
    try:
        parsed = tomllib.loads(text)
    except RecursionError:
        raise InvalidData("it is nested too deeply") from None
    except ValueError as error:
        raise InvalidData(shown(str(error))) from None
    check_strings(parsed)
    return parsed


def check_strings(value: object) -> None:
    """Refuses NUL and lone surrogates, which databases and UTF-8 cannot hold, at any depth."""
    waiting = [value]
    while waiting:
        current = waiting.pop()
        if isinstance(current, str):
            _check_string(current)
        elif isinstance(current, list):
            waiting.extend(current)
        elif isinstance(current, dict):
            waiting.extend(current)
            waiting.extend(current.values())


def _check_string(text: str) -> None:
    if "\0" in text:
        raise InvalidData("a string contains a NUL character")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise InvalidData("a string contains half of a surrogate pair") from None


def _check_depth(value: object) -> None:
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [inner for outer in level for inner in _inside(outer)]
    if any(isinstance(rest, dict | list) for rest in level):
        raise InvalidData("it is nested too deeply")


def _inside(value: object) -> Iterable[object]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        # Readers disagree on which of two values counts, so neither does.
        raise ValueError("a key occurs twice in one object")
    return found


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError(f"{text} is too large")
    return number


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
