import pytest

from registry.formats.accept_encoding import takes_gzip


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("gzip", True),
        ("deflate, gzip", True),
        ("GZIP;q=0.5, br", True),
        ("br;q=1.0 , gzip ; q=0.001", True),
        ("x-gzip", True),
        ("*", True),
        ("br, *;q=0.1", True),
        ("gzip, *;q=0", True),
        # Refused.
        ("gzip;q=0", False),
        ("gzip; q=0.000, deflate", False),
        ("gzip;q=0, *", False),
        ("*;q=0", False),
        # Not named, or not understood.
        ("", False),
        ("identity", False),
        ("br, deflate", False),
        ("notgzip", False),
        ("gzip;q=", False),
        ("gzip;q=-1", False),
        ("gzip;level=9", False),
    ],
)
def test_gzip_is_for_who_takes_it(header: str, expected: bool) -> None:
    assert takes_gzip(header) is expected
