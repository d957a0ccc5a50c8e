"""License expressions, as leniently as crates.io."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from time import sleep

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.formats.license import InvalidLicense, _licensing, check_license_expression


@pytest.mark.parametrize(
    "text",
    [
        "MIT",
        "MIT OR Apache-2.0",
        "MIT/Apache-2.0",
        "Unlicense / MIT",
        "(MIT OR Apache-2.0) AND Unicode-DFS-2016",
        "Apache-2.0 WITH LLVM-exception OR Apache-2.0 OR MIT",
        "GPL-2.0",
        "GPL-2.0+",
        "GPL-3.0+ WITH Classpath-exception-2.0",
        "Apache-2.0+",
        "LicenseRef-our-terms",
        "DocumentRef-a:LicenseRef-b AND MIT",
        "(" * 400 + "MIT" + ")" * 400,
    ],
)
def test_it_takes_an_expression(text: str) -> None:
    check_license_expression(text)


@pytest.mark.parametrize(
    "text",
    ["", " ", "apache 2.0", "MIT OR", "MIT AND (", "MIT ISC", "MIT, ISC", "()", "AND",
     "Proprietary", "NOT MIT", "MIT WITH MIT", "MIT+ +", "(" * 900, "MIT OR " * 200 + "MIT"],
)  # fmt: skip
def test_it_refuses_what_is_not_one(text: str) -> None:
    with pytest.raises(InvalidLicense, match="unknown or invalid license expression"):
        check_license_expression(text)


WORDS = [
    "MIT",
    "Apache-2.0",
    "OR",
    "AND",
    "WITH",
    "NOT",
    "(",
    ")",
    "/",
    "+",
    "LLVM-exception",
    "!",
    "é",
]


@given(st.lists(st.sampled_from(WORDS), max_size=12).map(" ".join) | st.text(max_size=30))
def test_any_text_is_taken_or_refused(text: str) -> None:
    with suppress(InvalidLicense):
        check_license_expression(text)


def test_a_thread_that_comes_while_another_prepares_gets_the_same_answer() -> None:
    _licensing.cache_clear()

    def check(number: int) -> None:
        sleep(number / 100)
        check_license_expression("MIT OR Apache-2.0")

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(check, range(8))) == [None] * 8
