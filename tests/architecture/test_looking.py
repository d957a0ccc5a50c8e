"""Which tests are repeated on PostgreSQL whatever else is: those that look at statements."""

import importlib
import re
from collections.abc import Iterator
from inspect import isfunction, unwrap
from pathlib import Path
from types import FunctionType

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.cases import in_turn
from tests.commands import ROOT
from tests.looking import WORDS, looks_at_statements

NAMED = re.compile(rf"\b({'|'.join(sorted(WORDS))})\b")
FILES = sorted(
    str(path.relative_to(ROOT))
    for path in (ROOT / "tests").rglob("test_*.py")
    if NAMED.search(path.read_text())
)


def captured() -> int:
    with CaptureQueriesContext(connection) as found:
        return len(found)


def by_a_helper() -> None:
    assert captured() == 0


def by_a_fixture(django_assert_num_queries: object) -> None: ...


@pytest.fixture
def is_sqlite() -> bool:
    return connection.vendor == "sqlite"


def by_a_fixture_of_ours(is_sqlite: bool) -> None:
    assert is_sqlite


def inside_of_another() -> None:
    def inner() -> bool:
        return connection.vendor == "sqlite"

    assert inner()


@in_turn("number", [1, 2])
def in_turns(number: int) -> None:
    assert captured() == number


def not_at_all() -> None:
    assert connection.in_atomic_block


FOUND = [by_a_helper, by_a_fixture, by_a_fixture_of_ours, inside_of_another, in_turns]


@pytest.mark.parametrize("test", FOUND)
def test_it_is_found_wherever_a_test_looks(test: FunctionType) -> None:
    assert looks_at_statements(test)


def test_what_only_asks_for_answers_does_not_look() -> None:
    # Although what tries its cases asks for the database.
    assert not looks_at_statements(in_turn("number", [1])(lambda number: not_at_all()))


@pytest.mark.parametrize("name", FILES)
def test_no_word_stands_where_no_test_is_found_by_it(name: str) -> None:
    """In a class it would not be seen."""
    path = ROOT / name
    named = {function.__name__ for function in _functions(path) if looks_at_statements(function)}
    lines = path.read_text().splitlines()
    function, unseen = "", []
    for number, line in enumerate(lines, 1):
        if found := re.match(r"(?:def|class) (\w+)", line):
            function = found[1]
        is_code = not line.startswith(("from ", "import ")) and "#" not in line
        if is_code and NAMED.search(line) and function not in named:
            unseen.append(f"{number}: {line}")

    assert not unseen
    assert [name for name in named if name.startswith("test_")]


def _functions(path: Path) -> Iterator[FunctionType]:
    module = importlib.import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))
    for one in vars(module).values():
        one = getattr(one, "_fixture_function", one)
        if isfunction(one) and unwrap(one).__module__ == module.__name__:
            yield one
