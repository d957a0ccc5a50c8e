import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.token_search import MOST_FOUND, MOST_TRIED, TokenSearch
from accounts.token_text import TokenKind, new_token

API = new_token("wbl", TokenKind.API)
PUBLISH = new_token("wbl", TokenKind.PUBLISH)


def found_in(*pieces: bytes) -> list[tuple[str, int]]:
    search = TokenSearch("wbl")
    for piece in pieces:
        search.feed(piece)
    return [(token.text, token.offset) for token in search.found]


@pytest.mark.parametrize("token", [API, PUBLISH])
@pytest.mark.parametrize(
    ("before", "behind"),
    [("", ""), ("token = '", "'\n"), ("xwbl_", "y9"), ("wbl_" + "a" * 20, "\0"), ("é", "é")],
)
def test_it_finds_a_token_whatever_stands_around_it(token: str, before: str, behind: str) -> None:
    assert found_in((before + token + behind).encode()) == [(token, len(before.encode()))]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "wbl_",
        "wbl_tp_",
        API[:-1],
        API[:-1] + ("0" if API[-1] != "0" else "1"),
        "wbl_" + "a" * 46,
        "other" + API[3:],
        new_token("other", TokenKind.API),
    ],
)
def test_nothing_else_is_one(text: str) -> None:
    assert found_in(text.encode()) == []


@pytest.mark.parametrize("token", [API, PUBLISH])
def test_a_token_is_found_wherever_the_pieces_are_cut(token: str) -> None:
    data = b"-" * 100 + token.encode() + b"-" * 100

    for cut in range(90, 100 + len(token) + 10):
        assert found_in(data[:cut], data[cut:]) == [(token, 100)]
    assert found_in(*(data[at : at + 1] for at in range(len(data)))) == [(token, 100)]


@given(st.lists(st.sampled_from([API, PUBLISH, "wbl_", "wbl_tp_", "a", "x" * 50]), max_size=12))
def test_many_pieces_are_as_one(parts: list[str]) -> None:
    whole = found_in("".join(parts).encode())

    assert found_in(*(part.encode() for part in parts)) == whole
    assert len(whole) >= sum(part in (API, PUBLISH) for part in parts)


def test_it_keeps_no_more_than_the_end_of_what_it_has_seen() -> None:
    search = TokenSearch("wbl")

    for _ in range(100):
        search.feed(b"wbl_" * 1000)

    assert len(search._tail) < 60


def test_neither_many_tokens_nor_many_false_ones_take_long() -> None:
    many = [new_token("wbl", TokenKind.API).encode() for _ in range(MOST_FOUND + 10)]
    false_ones = ("wbl_" + "a" * 46).encode() * (MOST_TRIED + 10)

    assert len(found_in(b" ".join(many))) == MOST_FOUND
    assert found_in(false_ones, API.encode()) == []


def test_a_found_token_does_not_show_itself() -> None:
    search = TokenSearch("wbl")

    search.feed(API.encode())

    assert API not in repr(search.found)
