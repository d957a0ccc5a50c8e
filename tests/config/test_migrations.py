"""Migrations beside other servers, and after a start that was killed in the middle of them."""

import re
from collections.abc import Iterator
from pathlib import Path
from threading import Event, Thread
from typing import Any

import psycopg
import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from config.serve import _one_at_a_time

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
Target = tuple[str, str]
# Those that are no transaction: what comes before each, and an index that it builds.
IN_PARTS = [
    (
        ("registry", "0017_crate_reviews"),
        ("registry", "0018_search_tiers"),
        "registry_search_words_2",
    ),
    (
        ("registry", "0024_attestations"),
        ("registry", "0021_ends_of_trustpub_only"),
        "crate_trustpub_only_ends",
    ),
    (
        ("registry", "0021_ends_of_trustpub_only"),
        ("registry", "0025_search_lexemes"),
        "registry_search_lexemes",
    ),
    (
        ("accounts", "0010_quarantine_reason"),
        ("accounts", "0013_addresses_to_forget"),
        "audit_with_address",
    ),
]


class Killed(Exception):
    """The process is gone before it sends its next statement."""


class KilledAt:
    """Counts the statements of a migration, up to the one that notes it, and stops before one."""

    def __init__(self, statement: int = -1) -> None:
        self.statement = statement
        self.seen = 0

    def __call__(self, execute: Any, sql: str, *rest: Any) -> Any:
        if re.search("registry_|accounts_|INSERT INTO .django_migrations", sql):
            if self.seen == self.statement:
                raise Killed
            self.seen += 1
        return execute(sql, *rest)


@pytest.fixture
def migrated() -> Iterator[None]:
    yield
    executor = MigrationExecutor(connection)
    executor.migrate(executor.loader.graph.leaf_nodes())


def _migrate(target: Target) -> None:
    MigrationExecutor(connection).migrate([target])


def _schema() -> set[tuple[Any, ...]]:
    """All that a migration makes, and whether an index is of use."""
    question = "SELECT name, sql FROM sqlite_master WHERE name LIKE '%search%' OR type = 'index'"
    if connection.vendor == "postgresql":
        question = """
            SELECT pg_get_indexdef(indexrelid), indisvalid::text FROM pg_index
            WHERE indrelid::regclass::text IN
                ('registry_searchdocument', 'registry_crate', 'accounts_auditevent')
            UNION ALL SELECT column_name, column_default FROM information_schema.columns
            WHERE table_name = 'registry_searchdocument'
        """
    with connection.cursor() as cursor:
        cursor.execute(question)
        return set(cursor.fetchall())


@pytest.mark.queries
@pytest.mark.parametrize(("before", "target", "index"), IN_PARTS)
def test_a_migration_that_was_killed_goes_on(
    before: Target, target: Target, index: str, migrated: None
) -> None:
    _migrate(before)
    undisturbed = KilledAt()
    with connection.execute_wrapper(undisturbed):
        _migrate(target)
    wanted = _schema()
    # Behind the first statement, in the middle, and where only the note is left to write.
    for statement in (1, undisturbed.seen // 2, undisturbed.seen - 1):
        _migrate(before)
        with connection.execute_wrapper(KilledAt(statement)), pytest.raises(Killed):
            _migrate(target)
        _spoil(index)
        _migrate(target)
        assert _schema() == wanted, statement


def _spoil(index: str) -> None:
    """As one is left that PostgreSQL was building; harmless where there is none yet."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE pg_index SET indisvalid = false WHERE indexrelid::regclass::text = %s",
                [index],
            )


@pytest.mark.postgres
def test_a_server_that_waits_for_another_ones_migrations_is_not_in_their_way(
    tmp_path: Path, migrated: None
) -> None:
    facts = connection.get_connection_params()
    names = ("host", "port", "user", "password", "dbname")
    began, done = Event(), Event()

    def wait() -> None:
        began.set()
        with _one_at_a_time(tmp_path / "lock"):
            done.set()
        connection.close()

    with psycopg.connect(**{n: facts[n] for n in names if n in facts}, autocommit=True) as other:
        other.execute("SELECT pg_advisory_lock(hashtext('waybill prepares'))")
        waiting = Thread(target=wait)
        waiting.start()
        assert began.wait(60)
        # PostgreSQL looks for a deadlock after one second.
        waiting.join(1.5)
        other.execute("CREATE INDEX CONCURRENTLY test_beside ON registry_crate (hidden_at)")
        other.execute("DROP INDEX test_beside")
        assert not done.is_set()
    waiting.join(60)
    assert done.is_set()
