"""Reads JSON that a stranger wrote: one meaning per text, bounded in depth and size."""

import json
from collections.abc import Iterable

MAX_DEPTH = 4
MAX_MEMBERS = 128


class UnacceptableJson(ValueError):
    """The text is not JSON, or is JSON that two readers could understand differently."""


def read_object(
    data: bytes, *, max_depth: int = MAX_DEPTH, max_members: int = MAX_MEMBERS
) -> dict[str, object]:
    """A JSON object from UTF-8 bytes.

    Depth counts containers, the object itself being the first; members are those of the outer
    object. Duplicate keys at any level, NaN, infinities and lone surrogates are refused.
    Raises UnacceptableJson.
    """
    try:
        text = data.decode("utf-8")
        value = _DECODER.decode(text)
    except UnacceptableJson:
        raise
    except (ValueError, RecursionError):
        raise UnacceptableJson("it is not JSON in UTF-8") from None
    if not isinstance(value, dict):
        raise UnacceptableJson("it is not a JSON object")
    if len(value) > max_members:
        raise UnacceptableJson(f"it has more than {max_members} members")
    _check_depth(value, max_depth)
    if "\\u" in text:
        _check_texts(value)
    return value


def _object_without_duplicates(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise UnacceptableJson("it has a duplicate key")
    return members


def _no_such_number(name: str) -> object:
    raise UnacceptableJson(f"it holds {name}, which is not a JSON number")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object_without_duplicates, parse_constant=_no_such_number
)


def _check_depth(container: object, depth_left: int) -> None:
    if depth_left == 0:
        raise UnacceptableJson("it is nested too deeply")
    for member in _members(container):
        if isinstance(member, dict | list):
            _check_depth(member, depth_left - 1)


def _check_texts(value: object) -> None:
    """An escape such as "\\ud800" passes the parser but can be neither stored nor hashed."""
    if isinstance(value, str):
        if not value.isascii() and any("\ud800" <= mark <= "\udfff" for mark in value):
            raise UnacceptableJson("it holds half of a surrogate pair")
        return
    if isinstance(value, dict):
        _check_texts(list(value))
    for member in _members(value):
        _check_texts(member)


def _members(value: object) -> Iterable[object]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()
