import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.token_text import ALPHABET, TokenKind, digest, kind_of, new_token


@pytest.mark.parametrize("kind", TokenKind)
def test_it_recognises_what_it_made(kind: TokenKind) -> None:
    text = new_token("wbl", kind)

    assert kind_of(text, "wbl") is kind


def test_a_token_is_one_word_of_known_length() -> None:
    text = new_token("wbl", TokenKind.PUBLISH)

    assert text.startswith("wbl_tp_")
    assert len(text) == len("wbl_tp_") + 40 + 6
    assert text.replace("_", "").isalnum()
    assert text.isascii()


def test_no_two_tokens_are_equal() -> None:
    assert len({new_token("wbl", TokenKind.API) for _ in range(200)}) == 200


@pytest.mark.parametrize("kind", TokenKind)
def test_any_changed_character_breaks_the_check_sum(kind: TokenKind) -> None:
    text = new_token("wbl", kind)
    start = len(f"wbl_{kind}")

    for at in range(start, len(text)):
        other = ALPHABET[(ALPHABET.index(text[at]) + 1) % len(ALPHABET)]
        assert kind_of(text[:at] + other + text[at + 1 :], "wbl") is None


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda text: text[:-1], id="one character short"),
        pytest.param(lambda text: text + "a", id="one character more"),
        pytest.param(lambda text: text + "\n", id="line break"),
        pytest.param(lambda text: " " + text, id="space"),
        pytest.param(lambda text: text.upper(), id="upper case"),
        pytest.param(lambda text: "cio" + text[3:], id="prefix of another registry"),
        pytest.param(lambda text: text[:10] + "é" + text[11:], id="letter beyond ASCII"),
        pytest.param(lambda text: text[:10] + "٣" + text[11:], id="digit beyond ASCII"),
        pytest.param(lambda text: "", id="nothing"),
    ],
)
def test_it_does_not_recognise(spoil: object) -> None:
    text = new_token("wbl", TokenKind.API)

    assert kind_of(spoil(text), "wbl") is None  # type: ignore[operator]


def test_an_api_token_cannot_be_turned_into_a_publish_token() -> None:
    text = new_token("wbl", TokenKind.API)

    assert kind_of(text.replace("wbl_", "wbl_tp_"), "wbl") is None


@given(st.text(max_size=80))
def test_no_text_makes_it_fail(text: str) -> None:
    assert kind_of(text, "wbl") is None
    assert kind_of(f"wbl_{text}", "wbl") is None or len(text) == 46


def test_a_digest_is_sha256_of_the_whole_text() -> None:
    assert digest("abc").startswith("ba7816bf8f01cfea")
    assert len(digest("abc")) == 64
