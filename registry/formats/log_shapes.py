"""Patterns for lines of access logs that an engine without Python can take apart.

A pattern matches fewer lines than `access_log` understands, and takes from them the very same
texts; whatever it does not match is for `access_log` to judge. It is written in what Python's and
Rust's regular expressions have in common, over printable ASCII alone, and never leaves a choice of
where to go on: such a pattern runs in one pass.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from registry.formats.access_log import JSON_NAMES, inner

# Printable characters; without the space; those that need no backslash in JSON or in quotes.
_ANY, _SOLID, _PLAIN = r"[ -~]", r"[!-~]", r"[ !#-\[\]-~]"
# What a line of no other form begins with.
_START = r'[!-"$-;=-z|}~]'
_JSON_TEXT = rf'"(?:{_PLAIN}|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{{4}}))*"'
_JSON_NUMBER = r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?"
_JSON_KEY = re.compile(r"[A-Za-z0-9_.@ -]{1,64}")
_MAX_DEPTH = 4
_MAX_PATTERN = 16_384

_SCALAR = (str, int, float)

_Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Shape:
    """`fields` are the groups of the pattern: some of time, date, method, path, status, agent.

    Where `is_tabbed`, paths and agents are percent-encoded once more than they came.
    """

    pattern: str
    is_tabbed: bool = False

    @property
    def fields(self) -> Sequence[str]:
        return tuple(re.compile(self.pattern).groupindex)


# A referer that began with a space could pass for the end of the request, where quotes are allowed.
_REQUEST = (
    rf"^{_START}{_SOLID}* {_SOLID}+ [ -Z\\-~]*\[(?P<time>[ -\\^-~]+)\] "
    r'"(?P<method>[A-Z]+) (?P<path>[!#-~]+)(?: [ !#-~]*)?" (?P<status>[0-9]{3}) '
)
COMBINED = Shape(
    rf'{_REQUEST}{_SOLID}+ "(?:(?:[!#-\[\]-~]|\\{_ANY})(?:{_PLAIN}|\\{_ANY})*)?" '
    rf'"(?P<agent>(?:{_PLAIN}|\\{_ANY})*)"'
)
# Without referer and agent.
COMMON = Shape(rf"{_REQUEST}{_SOLID}+$")


class _Unfit(Exception):
    """A sample from which no pattern can be made."""


def tabbed_shape(columns: Sequence[str]) -> Shape | None:
    """Of CloudFront's lines under such a header."""
    names = {
        "date": "date",
        "time": "time",
        "cs-method": "method",
        "cs-uri-stem": "path",
        "sc-status": "status",
        "cs(User-Agent)": "agent",
    }
    # A name that comes twice stands for its last column.
    place = {column: number for number, column in enumerate(columns) if column in names}
    if len(place) < len(names):
        return None
    last = max(place.values())
    cells = [
        rf"(?P<{names[column]}>{_SOLID}+)" if place.get(column) == number else rf"{_ANY}*"
        for number, column in enumerate(columns[: last + 1])
    ]
    return Shape("^(?:" + r"\t".join(cells) + r")(?:\t|$)", True)


def json_shape(line: str) -> Shape | None:
    """Of the lines with the same keys in the same order, and values of the same kinds."""
    start = line.find("{")
    try:
        entry = json.loads(line[start:], object_pairs_hook=_without_twins)
        taken, fixed = _places(entry)
        pattern = _value(entry, (), taken, fixed, 0)
    except (ValueError, RecursionError, _Unfit):
        return None
    header = "" if start == 0 else "<[ -z|}~]*"
    is_fit = {"method", "path", "status"} <= set(taken.values()) and len(pattern) <= _MAX_PATTERN
    return Shape(f"^{header}{pattern}$") if is_fit else None


def _without_twins(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    entry = dict(pairs)
    if len(entry) < len(pairs):
        raise _Unfit
    return entry


def _places(entry: Any) -> tuple[dict[_Path, str], set[_Path]]:
    """Where the fields are, and which values have to stay as they are for that to be so."""
    taken: dict[_Path, str] = {}
    fixed: set[_Path] = set()
    for name, candidates in JSON_NAMES.items():
        for candidate in candidates:
            place = tuple(candidate.split("."))
            value = inner(entry, candidate)
            if value:
                taken[place] = name
                break
            if _is_there(entry, place):
                fixed.add(place)
    return taken, fixed


def _is_there(entry: Any, place: _Path) -> bool:
    for part in place:
        if not isinstance(entry, dict) or part not in entry:
            return False
        entry = entry[part]
    return True


def _value(value: Any, at: _Path, taken: Mapping[_Path, str], fixed: set[_Path], depth: int) -> str:
    if depth > _MAX_DEPTH:
        raise _Unfit
    if at in fixed:
        return _literal(value)
    if at in taken and not isinstance(value[0] if isinstance(value, list) else value, _SCALAR):
        raise _Unfit
    if isinstance(value, dict):
        inside = ", ?".join(_members(value, at, taken, fixed, depth))
        return rf"\{{{inside}\}}"
    if isinstance(value, list):
        # A field that is a list is its first element.
        places = [at, *[(*at, "", str(number)) for number in range(1, len(value))]]
        inside = ", ?".join(
            _value(item, place, taken, fixed, depth + 1)
            for item, place in zip(value, places, strict=False)
        )
        return rf"\[{inside}\]"
    if name := taken.get(at):
        return _field(name, value)
    return _anything(value)


def _members(
    value: dict[str, Any], at: _Path, taken: Mapping[_Path, str], fixed: set[_Path], depth: int
) -> Iterator[str]:
    for key, item in value.items():
        if not _JSON_KEY.fullmatch(key):
            raise _Unfit
        yield f'"{re.escape(key)}": ?' + _value(item, (*at, key), taken, fixed, depth + 1)


def _literal(value: Any) -> str:
    """Of a value that counts as none, so that the field is looked for elsewhere."""
    if value not in ("", None) and not (value == 0 and type(value) is int):
        raise _Unfit
    return json.dumps(value)


def _field(name: str, value: Any) -> str:
    if isinstance(value, str):
        return rf'"(?P<{name}>{_PLAIN}+)"'
    # As a text it says the same, if it is no longer than this.
    if type(value) is int and name == "status":
        return r"(?P<status>[1-9][0-9]*)"
    if type(value) in (int, float) and name == "time":
        return r"(?P<time>[1-9][0-9]{0,9}(?:\.[0-9]{1,6})?)"
    raise _Unfit


def _anything(value: Any) -> str:
    if isinstance(value, bool):
        return "(?:true|false|null)"
    if isinstance(value, str):
        return f"(?:{_JSON_TEXT}|null)"
    if value is None:
        return f"(?:{_JSON_TEXT}|{_JSON_NUMBER}|true|false|null)"
    return f"(?:{_JSON_NUMBER}|null)"
