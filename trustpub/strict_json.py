"""Reads JSON that a stranger wrote: one meaning per text, bounded in depth and size."""

import json

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
        value = json.loads(
            data.decode("utf-8"),
            object_pairs_hook=_object_without_duplicates,
            parse_constant=_no_such_number,
        )
    except UnacceptableJson:
        raise
    except (ValueError, RecursionError):
        raise UnacceptableJson("it is not JSON in UTF-8") from None
    if not isinstance(value, dict):
        raise UnacceptableJson("it is not a JSON object")
    if len(value) > max_members:
        raise UnacceptableJson(f"it has more than {max_members} members")
    _check(value, max_depth)
    return value


def _object_without_duplicates(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise UnacceptableJson("it has a duplicate key")
    return members


def _no_such_number(name: str) -> object:
    raise UnacceptableJson(f"it holds {name}, which is not a JSON number")


def _check(value: object, depth_left: int) -> None:
    match value:
        case str():
            _check_text(value)
        case dict() | list() if depth_left == 0:
            raise UnacceptableJson("it is nested too deeply")
        case dict():
            for name, member in value.items():
                _check_text(name)
                _check(member, depth_left - 1)
        case list():
            for item in value:
                _check(item, depth_left - 1)


def _check_text(text: str) -> None:
    # An escape such as "\ud800" passes the parser but can be neither stored nor hashed.
    if not text.isascii() and any("\ud800" <= mark <= "\udfff" for mark in text):
        raise UnacceptableJson("it holds half of a surrogate pair")
