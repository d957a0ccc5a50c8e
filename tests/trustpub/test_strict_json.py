"""JSON of strangers: one meaning for each text."""

import json

import pytest

from trustpub.strict_json import UnacceptableJson, read_object


@pytest.mark.parametrize("text", ["\ud7ff", "\ue000", "é", "漢", "\U0001f600"])
def test_whole_characters_are_read(text: str) -> None:
    for as_escapes in (False, True):
        data = json.dumps({text: [text]}, ensure_ascii=as_escapes).encode()

        assert read_object(data) == {text: [text]}


@pytest.mark.parametrize("half", ["\\ud800", "\\udbff", "\\udc00", "\\udfff"])
@pytest.mark.parametrize("form", ['{"%s": 1}', '{"a": "%s"}', '{"a": ["x%s"]}', '{"a": {"%s": 1}}'])
def test_half_a_character_is_refused_wherever_it_is(half: str, form: str) -> None:
    with pytest.raises(UnacceptableJson, match="surrogate"):
        read_object((form % half).encode())


@pytest.mark.parametrize(("count", "fits"), [(3, True), (4, False)])
def test_an_object_has_a_size(count: int, fits: bool) -> None:
    data = json.dumps({str(number): 1 for number in range(count)}).encode()

    if fits:
        assert len(read_object(data, max_members=3)) == 3
        return
    with pytest.raises(UnacceptableJson, match="more than 3 members"):
        read_object(data, max_members=3)


@pytest.mark.parametrize(("depth", "fits"), [(4, True), (5, False)])
@pytest.mark.parametrize("ends", ["[]", "{}"])
def test_an_object_has_a_depth(depth: int, fits: bool, ends: str) -> None:
    inner = ends if ends == "[]" else '{"b": 1}'
    for _ in range(depth - 2):
        inner = f"[{inner}]" if ends == "[]" else f'{{"b": {inner}}}'
    data = f'{{"a": {inner}}}'.encode()

    if fits:
        assert read_object(data)
        return
    with pytest.raises(UnacceptableJson, match="too deeply"):
        read_object(data)


@pytest.mark.parametrize(
    "text",
    [
        '{"a": 1, "a": 1}', '{"x": {"a": 1, "a": 1}}', '{"a": NaN}', '{"a": -Infinity}', "[]",
        '"a"', "", "{", "{} {}", "\ufeff{}", '{"a": 01}', "{'a': 1}",
    ],
)  # fmt: skip
def test_what_two_readers_could_understand_differently_is_refused(text: str) -> None:
    with pytest.raises(UnacceptableJson):
        read_object(text.encode())


def test_the_text_is_utf8() -> None:
    for data in (b'{"a": "\xff"}', '{"a": 1}'.encode("utf-16")):
        with pytest.raises(UnacceptableJson):
            read_object(data)
