"""Which statements each test sends, told by the run on SQLite to the one on PostgreSQL.

That one repeats a test only for a statement that few others have sent there (tests/repeated.py).
"""

import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import DatabaseError
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created
from django.db.models.sql.compiler import SQLCompiler

# The folder that both runs share; without it nobody asks.
FOLDER = "TEST_STATEMENTS"
ENDED = "ended"
# How many rows or values, and which savepoint, is not another statement.
LISTS = re.compile(r"\(%s(, %s)*\)(, \(%s(, %s)*\))*")
SAVEPOINT = re.compile(r'"s\d+_x\d+"')


class Recorder:
    """Notes what is sent; a statement that the database refuses is another one."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._names: dict[str, str] = {}
        self._sent: set[str] = set()
        self._is_on = True

    def start(self) -> None:
        connection_created.connect(self._watch)
        self._note_locks()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        self._sent = set()
        try:
            return (yield)
        finally:
            line = "\t".join([item.nodeid, *sorted(self._sent)])
            # Each fork has a file of its own.
            with (self._folder / f"{os.getpid()}.sent").open("a") as file:
                file.write(f"{line}\n")

    @contextmanager
    def pause(self) -> Iterator[None]:
        self._is_on = False
        try:
            yield
        finally:
            self._is_on = True

    def __call__(
        self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any
    ) -> Any:
        self._note(sql)
        try:
            return execute(sql, params, many, context)
        except DatabaseError as error:
            self._note(f"{type(error).__name__} {sql}")
            raise

    def _note(self, sql: str) -> None:
        if not self._is_on:
            return
        name = self._names.get(sql)
        if name is None:
            same = SAVEPOINT.sub("", LISTS.sub("()", sql))
            name = self._names[sql] = blake2b(same.encode(), digest_size=6).hexdigest()
        self._sent.add(name)

    def _watch(self, connection: BaseDatabaseWrapper, **_: Any) -> None:
        if self not in connection.execute_wrappers:
            connection.execute_wrappers.append(self)

    def _note_locks(self) -> None:
        """SQLite has no locks of rows, so that its SQL does not tell who asks for one."""
        execute_sql = SQLCompiler.execute_sql

        def noting(compiler: SQLCompiler, *args: Any, **more: Any) -> Any:
            query = compiler.query
            if query.select_for_update:
                of, weak = query.select_for_update_of, query.select_for_no_key_update
                self._note(f"lock {sorted(query.alias_map)} {of} {weak}")
            return execute_sql(compiler, *args, **more)

        SQLCompiler.execute_sql = noting  # type: ignore[method-assign]


_recorder: Recorder | None = None


def record(config: pytest.Config) -> None:
    """From here to the end of this process, if it is one of the run on SQLite that is asked."""
    global _recorder  # noqa: PLW0603 - one for the process
    engine = settings.DATABASES["default"]["ENGINE"]
    if FOLDER in os.environ and engine.endswith("sqlite3"):
        _recorder = Recorder(Path(os.environ[FOLDER]))
        _recorder.start()
        config.pluginmanager.register(_recorder)


@contextmanager
def not_counted() -> Iterator[None]:
    """What is sent in here PostgreSQL would not hear if it repeated the test."""
    if _recorder is None:
        yield
    else:
        with _recorder.pause():
            yield
