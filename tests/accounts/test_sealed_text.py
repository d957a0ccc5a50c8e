import pytest
from django.conf import LazySettings

from accounts.sealed_text import seal, unseal


@pytest.mark.parametrize("text", ["gho_16C7e42F292c6912E7710c838347Ae178B4a", "", "Grüße"])
def test_it_opens_what_it_sealed(text: str) -> None:
    sealed = seal(text, "tests")

    assert sealed.isascii()
    assert unseal(sealed, "tests") == text
    assert not text or text not in sealed


def test_the_same_text_looks_different_each_time() -> None:
    assert seal("x", "tests") != seal("x", "tests")


def test_another_purpose_does_not_open_it() -> None:
    assert unseal(seal("x", "tests"), "other") is None


def test_another_key_does_not_open_it(settings: LazySettings) -> None:
    sealed = seal("x", "tests")
    settings.SECRET_KEY = "another one"

    assert unseal(sealed, "tests") is None


@pytest.mark.parametrize("sealed", ["", "x", "é", "gAAAAA", seal("x", "tests")[:-4] + "AAAA"])
def test_what_was_changed_does_not_open(sealed: str) -> None:
    assert unseal(sealed, "tests") is None
