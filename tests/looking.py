"""Tests that look at statements: what these are depends on the database, so both are asked.

Most tests ask what is answered, which SQLite has shown; for them tests/repeated.py chooses.
"""

import inspect
from collections.abc import Callable, Iterator
from functools import cache
from types import CodeType, FunctionType
from typing import Any, TypeGuard

# What they name to count statements, to read them, or to ask which database this is.
WORDS = {
    "CaptureQueriesContext",
    "REDIS_LIMITS",
    "assertNumQueries",
    "django_assert_max_num_queries",
    "django_assert_num_queries",
    "execute_wrapper",
    "vendor",
}


@cache
def looks_at_statements(test: Callable[..., Any]) -> bool:
    """Whether it, or what it calls of ours, names one of the words."""
    waiting: set[Callable[..., Any]] = {inspect.unwrap(test)}
    seen: set[Callable[..., Any]] = set()
    while waiting:
        function = waiting.pop()
        seen.add(function)
        names = set(_names(function.__code__))
        if names & WORDS:
            return True
        called = map(_function, map(function.__globals__.get, names))
        waiting |= {inspect.unwrap(one) for one in called if _is_ours(one)} - seen
    return False


def _names(code: CodeType) -> Iterator[str]:
    yield from (*code.co_names, *code.co_varnames, *code.co_freevars)
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names(constant)


def _function(one: object) -> object:
    return getattr(one, "_fixture_function", one)


def _is_ours(one: object) -> TypeGuard[FunctionType]:
    return isinstance(one, FunctionType) and one.__module__.startswith("tests.")
