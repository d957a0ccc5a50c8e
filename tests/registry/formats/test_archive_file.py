import io

import pytest

from registry.formats.archive_file import read_text
from registry.formats.errors import FormatError
from tests.factories.archives import build_crate

CRATE = build_crate("tide", "1.0.0", files={"READ.md": "wéll".encode(), "bytes": b"\xff"})


def read(path: str, *, max_bytes: int = 100, crate: bytes = CRATE) -> str | None:
    return read_text(io.BytesIO(crate), path, max_unpacked_bytes=100_000, max_bytes=max_bytes)


def test_a_text_comes_out_whole() -> None:
    assert read("tide-1.0.0/READ.md") == "wéll"


@pytest.mark.parametrize("path", ["READ.md", "tide-1.0.0/absent", "tide-1.0.0/bytes"])
def test_what_is_absent_or_no_text_is_none(path: str) -> None:
    assert read(path) is None


def test_what_is_too_long_is_none() -> None:
    assert read("tide-1.0.0/READ.md", max_bytes=4) is None


def test_what_is_no_archive_is_refused() -> None:
    with pytest.raises(FormatError):
        read("tide-1.0.0/READ.md", crate=b"no archive")
