import json

import pytest
from django.conf import LazySettings

from registry.models import Version
from tests.cases import in_turn
from tests.factories.archives import build_crate, build_frame, metadata_for
from tests.wire import NEW, nothing_happens, put_frame, refusal, send

CRATE = build_crate()
METADATA = json.dumps(metadata_for()).encode()
FRAME = build_frame(metadata_for(), CRATE)


def length(number: int) -> bytes:
    return number.to_bytes(4, "little")


def test_a_whole_frame_is_published(alice_token: str) -> None:
    answer = put_frame(alice_token, FRAME)

    assert answer.status_code == 200
    assert answer.json()["warnings"] == {
        "invalid_categories": [],
        "invalid_badges": [],
        "other": [],
    }
    assert answer.json()["crate"]["max_version"] == "0.1.0"


def test_bytes_behind_the_archive_are_ignored(alice_token: str) -> None:
    assert put_frame(alice_token, FRAME + b"more").status_code == 200


@pytest.mark.parametrize(
    "content_type", ["", "text/html", "application/json", "multipart/form-data"]
)
def test_the_content_type_does_not_matter(alice_token: str, content_type: str) -> None:
    answer = send("PUT", NEW, alice_token, FRAME, content_type=content_type)

    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"\1\0", "invalid metadata length"),
        (length(9), "invalid metadata length for remaining payload: 9"),
        (length(len(METADATA)) + METADATA[:-1], "invalid metadata length for remaining"),
        (length(len(METADATA)) + METADATA, "invalid tarball length"),
        (length(len(METADATA)) + METADATA + b"\1\0\0", "invalid tarball length"),
        (FRAME[:-1], f"invalid tarball length for remaining payload: {len(CRATE)}"),
        (length(0) + length(0), "invalid upload request"),
    ],
)
def test_a_frame_that_ends_early_is_refused(alice_token: str, body: bytes, said: str) -> None:
    with nothing_happens():
        error = refusal(put_frame(alice_token, body), 400)

    assert said in error["detail"]


def test_an_upload_says_how_long_it_is(alice_token: str) -> None:
    with nothing_happens():
        refusal(put_frame(alice_token, b""), 411)


@pytest.mark.parametrize("extra", [-1, 1, 7])
def test_a_wrong_metadata_length_is_refused(alice_token: str, extra: int) -> None:
    body = length(len(METADATA) + extra) + METADATA + length(len(CRATE)) + CRATE

    with nothing_happens():
        refusal(put_frame(alice_token, body), 400)


@pytest.mark.parametrize("extra", [-1, -len(CRATE)])
def test_a_wrong_archive_length_is_refused(alice_token: str, extra: int) -> None:
    body = length(len(METADATA)) + METADATA + length(len(CRATE) + extra) + CRATE

    with nothing_happens():
        error = refusal(put_frame(alice_token, body), 400)

    assert "uploaded tarball is malformed" in error["detail"]


def test_metadata_over_a_mebibyte_is_refused(alice_token: str) -> None:
    with nothing_happens():
        error = refusal(put_frame(alice_token, length(1024 * 1024 + 1) + b"{"), 413)

    assert error["detail"] == "JSON metadata blob too large"


@pytest.mark.parametrize("size", [2**31, 2**32 - 1])
def test_a_giant_length_is_refused_before_anything_is_read(alice_token: str, size: int) -> None:
    refusal(put_frame(alice_token, length(size)), 413)


def test_an_archive_over_the_limit_is_refused_unread(
    alice_token: str, settings: LazySettings
) -> None:
    body = length(len(METADATA)) + METADATA + length(settings.MAX_UPLOAD_BYTES + 1)

    with nothing_happens():
        error = refusal(put_frame(alice_token, body), 413)

    assert error["detail"] == f"max upload size is: {settings.MAX_UPLOAD_BYTES}"


@in_turn(
    "text",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b'{"name": "a", "name": "b"}',
        b'{"name": NaN}',
        b"[" * 200_000,
        b'{"a":' * 100_000,
        b"[]",
        b"null",
        b'"demo-crate"',
        b"7",
        b"1" * 10_000,
    ],
)
def test_metadata_that_is_no_json_object_is_refused(alice_token: str, text: bytes) -> None:
    with nothing_happens():
        error = refusal(put_frame(alice_token, length(len(text)) + text + length(0)), 400)

    assert error["detail"].startswith("invalid upload request: ")


@in_turn(
    "changed",
    [
        {"name": None},
        {"name": 7},
        {"name": ["demo-crate"]},
        {"name": "demo\0crate"},
        {"name": "\ud800"},
        {"vers": None},
        {"vers": 1.0},
        {"vers": {}},
        {"readme": 7},
        {"readme": ["a"]},
        {"readme": "a\0b"},
        {"readme": "\ud800"},
        {"readme_file": {}},
        {"deps": {"a": 1}},
        {"deps": "serde"},
        {"deps": [7]},
        {"deps": [{}]},
        {"deps": [{"name": "a", "kind": "other"}]},
        {"deps": [{"name": "a", "registry": 7}]},
        {"deps": [{"name": "a", "target": "cfg("}]},
    ],
)
def test_metadata_of_wrong_types_is_refused(alice_token: str, changed: dict[str, object]) -> None:
    with nothing_happens():
        error = refusal(put_frame(alice_token, build_frame(metadata_for(**changed), CRATE)), 400)

    assert error["detail"].startswith("invalid upload request: ")


def test_keys_that_cargo_may_add_are_ignored(alice_token: str) -> None:
    sent = metadata_for(novelty={"deep": [1]}, authors=7, badges="x", features=[])

    assert put_frame(alice_token, build_frame(sent, CRATE)).status_code == 200


def test_what_the_metadata_says_beside_the_manifest_does_not_count(alice_token: str) -> None:
    sent = metadata_for(license="Proprietary", description="another", links="z", keywords=["a b"])

    put_frame(alice_token, build_frame(sent, CRATE))

    version = Version.objects.get()
    assert (version.license, version.description) == (
        "MIT OR Apache-2.0",
        "A crate made for a test",
    )
    assert not version.links
