import pytest

from trustpub.echo import printable


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("https://git.example", "https://git.example"),
        ("a\r\nSet-Cookie: x\x00\x1b[31m", "aSet-Cookie: x[31m"),
        ("release\u202egpj.exe\u200b", "releasegpj.exe"),
        ("line\u2028break", "linebreak"),
        ("\ud800", ""),
        ("größe", "größe"),
        (7, "7"),
        (None, "None"),
    ],
)
def test_it_keeps_what_can_be_printed(value: object, shown: str) -> None:
    assert printable(value) == shown


def test_it_shortens_visibly() -> None:
    assert printable("x" * 500) == "x" * 199 + "…"
    assert printable("x" * 200) == "x" * 200
