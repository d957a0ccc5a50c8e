"""The frame of a publish request, good and bad."""

import hashlib
import io
import json
import tracemalloc
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.formats.dependencies import DependencyKind, MetadataDependency
from registry.formats.errors import FormatError, TooLarge
from registry.formats.publish_frame import (
    MAX_METADATA_BYTES,
    InvalidFrame,
    read_archive_into,
    read_metadata,
)
from tests.factories.archives import build_frame, metadata_for

CRATE = b"not really an archive"
FRAME = build_frame(metadata_for(), CRATE)


def framed(metadata: bytes) -> io.BytesIO:
    return io.BytesIO(len(metadata).to_bytes(4, "little") + metadata)


class Dribble(io.BytesIO):
    """A socket that hands over one byte at a time."""

    def read(self, size: int | None = -1, /) -> bytes:
        return super().read(min(size or 0, 1))


def test_it_reads_both_parts_one_after_the_other() -> None:
    stream = Dribble(FRAME + b"ignored")
    into = io.BytesIO()

    metadata = read_metadata(stream)
    stood_at = stream.tell()
    digest = read_archive_into(stream, into, limit=len(CRATE))

    assert (metadata.name, metadata.vers, metadata.readme) == ("demo-crate", "0.1.0", None)
    assert stood_at == len(FRAME) - len(CRATE) - 4
    assert into.getvalue() == CRATE
    assert (digest.size, digest.sha256) == (len(CRATE), hashlib.sha256(CRATE).hexdigest())


def test_it_keeps_where_dependencies_live() -> None:
    deps = [
        {"name": "rand", "kind": "dev", "target": "cfg(unix)", "registry": "https://x/index"},
        {"name": "libc", "explicit_name_in_toml": "c", "version_req": "^1", "optional": False},
    ]

    metadata = read_metadata(io.BytesIO(build_frame(metadata_for(deps=deps), CRATE)))

    assert metadata.dependencies == (
        MetadataDependency("rand", None, DependencyKind.DEV, "cfg(unix)", "https://x/index"),
        MetadataDependency("libc", "c", DependencyKind.NORMAL, None, None),
    )


@pytest.mark.parametrize(
    ("length", "problem"),
    [
        (0, "invalid metadata length"),
        (3, "invalid metadata length"),
        (4, "invalid metadata length for remaining payload: "),
        (50, "invalid metadata length for remaining payload: "),
        (len(FRAME) - len(CRATE) - 1, "invalid tarball length"),
        (len(FRAME) - 1, "invalid tarball length for remaining payload: 21"),
    ],
)
def test_it_refuses_a_truncated_frame(length: int, problem: str) -> None:
    stream = io.BytesIO(FRAME[:length])

    def read_both() -> None:
        read_metadata(stream)
        read_archive_into(stream, io.BytesIO(), limit=1000)

    with pytest.raises(InvalidFrame) as refused:
        read_both()

    assert str(refused.value).startswith(problem)


def test_it_refuses_what_is_too_large_without_reading_it() -> None:
    huge = io.BytesIO((MAX_METADATA_BYTES + 1).to_bytes(4, "little"))
    archive = io.BytesIO((101).to_bytes(4, "little"))

    with pytest.raises(TooLarge, match=r"^JSON metadata blob too large$"):
        read_metadata(huge)
    with pytest.raises(TooLarge, match=r"^max upload size is: 100$"):
        read_archive_into(archive, io.BytesIO(), limit=100)


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"name": 1}, "`name` must be a string"),
        ({"name": None}, "`name` must be a string"),
        ({"vers": ["1"]}, "`vers` must be a string"),
        ({"readme": {}}, "`readme` must be a string"),
        ({"readme": "a\0b"}, "NUL"),
        ({"readme_file": True}, "`readme_file` must be a string"),
        ({"deps": {"a": 1}}, "`deps` must be a list"),
        ({"deps": ["rand"]}, "`deps[0]` must be an object"),
        ({"deps": [{}]}, "`deps[0].name` must be a string"),
        ({"deps": [{"name": "a", "registry": 1}]}, "`deps[0].registry` must be a string"),
        ({"deps": [{"name": "a", "kind": "odd"}]}, "`deps[0].kind` must be one of"),
        ({"deps": [{"name": "a", "target": "cfg("}]}, "`deps[0].target`"),
    ],
)
def test_it_names_the_field_that_is_wrong(changed: dict[str, object], problem: str) -> None:
    with pytest.raises(InvalidFrame) as refused:
        read_metadata(io.BytesIO(build_frame(metadata_for() | changed, CRATE)))

    assert str(refused.value).startswith("invalid upload request: ")
    assert problem in str(refused.value)


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"[]",
        b"null",
        b"{",
        b'{"name":NaN}',
        b'{"name":Infinity}',
        b'{"name":"a","name":"b","vers":"1.0.0"}',
        b'{"name":"\\ud800","vers":"1.0.0"}',
        b'{"name":"\xff","vers":"1.0.0"}',
        b'\xef\xbb\xbf{"name":"a","vers":"1.0.0"}',
        b"[" * 500_000,
        b'{"a":' * 100_000,
        b'{"a":' + b"9" * 10_000 + b"}",
    ],
    ids=lambda text: repr(text[:24]),
)
def test_it_refuses_json_that_could_do_harm(text: bytes) -> None:
    with pytest.raises(InvalidFrame, match=r"^invalid upload request: "):
        read_metadata(framed(text))


def test_copying_an_archive_needs_little_memory() -> None:
    class Nowhere:
        def write(self, data: bytes, /) -> None: ...

    class Zeros:
        def read(self, size: int, /) -> bytes:
            return (20 * 1024 * 1024).to_bytes(4, "little") if size == 4 else bytes(size)

    tracemalloc.start()
    digest = read_archive_into(Zeros(), Nowhere(), limit=2**30)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert digest.size == 20 * 1024 * 1024
    assert peak < 1024 * 1024


@given(st.binary(max_size=200) | st.binary(max_size=200).map(lambda data: framed(data).getvalue()))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    with suppress(FormatError):
        read_metadata(io.BytesIO(data))


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(st.sampled_from(sorted(metadata_for())), JSON)
def test_any_value_of_a_field_is_read_or_refused(field: str, value: object) -> None:
    changed = json.dumps(metadata_for() | {field: value}).encode("utf-8", "surrogatepass")

    with suppress(FormatError):
        read_metadata(framed(changed))
