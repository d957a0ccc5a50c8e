"""Each of the 54 rows of the threat table has a test that is named after it."""

import re
from pathlib import Path

TESTS = Path(__file__).parents[1]
ROWS = 54


def test_every_row_has_a_test() -> None:
    named = {
        int(number)
        for file in TESTS.rglob("test_*.py")
        for number in re.findall(r"^def test_row_(\d\d)_", file.read_text(), re.MULTILINE)
    }

    assert named == set(range(1, ROWS + 1))
