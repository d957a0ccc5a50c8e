import pytest

from registry.formats.byte_range import RangeNotSatisfiable, asked_range

ETAG, DATE = '"tag"', "Mon, 01 Jan 2024 00:00:00 GMT"


def part(header: str | None, size: int = 10, if_range: str | None = None) -> str | None:
    found = asked_range(header, size, if_range=if_range, etag=ETAG, last_modified=DATE)
    return None if found is None else f"{found} {found.length}"


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("bytes=0-0", "bytes 0-0/10 1"),
        ("bytes=2-5", "bytes 2-5/10 4"),
        (" Bytes= 2-5 ", "bytes 2-5/10 4"),
        ("bytes=2-", "bytes 2-9/10 8"),
        ("bytes=2-500", "bytes 2-9/10 8"),
        ("bytes=-3", "bytes 7-9/10 3"),
        ("bytes=-500", "bytes 0-9/10 10"),
        # Left unheeded.
        (None, None),
        ("", None),
        ("bytes=-", None),
        ("bytes=5-2", None),
        ("bytes=0-1,4-5", None),
        ("bytes=a-b", None),
        ("bytes=-1-2", None),
        ("bytes=\u0661-", None),
        ("bytes=0-" + "9" * 40, None),
        ("pages=1-2", None),
    ],
)
def test_the_part_that_is_asked_for(header: str | None, expected: str | None) -> None:
    assert part(header) == expected


@pytest.mark.parametrize(
    ("header", "size"), [("bytes=10-", 10), ("bytes=99-100", 10), ("bytes=-0", 10), ("bytes=0-", 0)]
)
def test_bytes_that_the_file_does_not_have(header: str, size: int) -> None:
    with pytest.raises(RangeNotSatisfiable, match=f"the file has {size} bytes"):
        part(header, size)


def test_a_part_of_another_file_is_the_whole_of_this_one() -> None:
    assert [part("bytes=0-0", if_range=one) for one in (ETAG, DATE)] == ["bytes 0-0/10 1"] * 2
    for other in ('W/"tag"', '"other"', "Mon, 01 Jan 2024 00:00:01 GMT", ""):
        assert part("bytes=0-0", if_range=other) is None
