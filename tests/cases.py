"""Many cases in one world: what is slow is to make it, over and over for each of them."""

import functools
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from inspect import Parameter, signature
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.db import connection, transaction

from tests.statements import not_counted

Test = Callable[..., None]


def in_turn(names: str | Sequence[str], cases: Iterable[Any]) -> Callable[[Test], Test]:
    """As `pytest.mark.parametrize`, for cases that may share what the fixtures make.

    Each case fails by itself and its rows are taken back; files, settings and what a client
    remembers are not. On PostgreSQL the first case stands for all, unless the test is marked with
    `queries`.
    """
    wanted = [names] if isinstance(names, str) else list(names)
    every = list(cases)

    def decorated(test: Test) -> Test:
        declared = signature(test)
        asked = {name: one for name, one in declared.parameters.items() if name not in wanted}

        @functools.wraps(test)
        def tried(**fixtures: Any) -> None:
            request, subtests = fixtures["request"], fixtures["subtests"]
            given = {name: fixtures[name] for name in asked}
            is_query = request.node.get_closest_marker("queries") is not None
            for place, case in enumerate(every if is_query or _on_sqlite() else every[:1]):
                values = dict(zip(wanted, [case] if len(wanted) == 1 else case, strict=True))
                heard = nullcontext() if is_query or place == 0 else not_counted()
                with subtests.test(f"{values!r:.200}"), heard, _taken_back():
                    test(**given, **values)

        parameters = [one.replace(kind=Parameter.KEYWORD_ONLY) for one in asked.values()]
        parameters += [
            Parameter(name, Parameter.KEYWORD_ONLY)
            for name in ("request", "subtests")
            if name not in asked
        ]
        tried.__signature__ = declared.replace(parameters=parameters)  # type: ignore[attr-defined]
        return tried

    return decorated


def _on_sqlite() -> bool:
    return bool(connection.vendor == "sqlite")


@contextmanager
def _taken_back() -> Iterator[None]:
    if not connection.in_atomic_block:
        yield
        return
    with transaction.atomic():
        try:
            yield
        finally:
            transaction.set_rollback(True)
    if settings.REDIS_LIMITS:
        cache.clear()
