"""Checks of database, migrations, cache and storage."""

import secrets
from collections.abc import Iterator

from django.conf import settings
from django.core.cache import cache
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor

from registry import storage
from registry.operations.checkup.finding import Finding, problem, warning, well

OLDEST_POSTGRESQL = 14
# The worker's threads, the clock, and an operator's shell.
OTHER_CONNECTIONS = 5


def database() -> Iterator[Finding]:
    try:
        connection.ensure_connection()
    except DatabaseError:
        yield problem("database", "it does not answer", "check DATABASE_URL, and that it runs")
        return
    yield from _postgresql() if connection.vendor == "postgresql" else _sqlite()


def migrations() -> Iterator[Finding]:
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if plan:
        names = ", ".join(f"{migration.app_label}.{migration.name}" for migration, _ in plan[:3])
        yield problem(
            "migrations",
            f"{len(plan)} are not applied: {names}",
            "start the server anew, or run manage.py migrate",
        )
    else:
        yield well("migrations", "all applied")


def cached() -> Iterator[Finding]:
    key, value = f"checkup-{secrets.token_hex(8)}", secrets.token_hex(8)
    try:
        cache.set(key, value, timeout=60)
        found = cache.get(key)
        cache.delete(key)
    # A client of Redis has errors of its own, which are the cache's business.
    except Exception:  # noqa: BLE001
        found = None
    if found != value:
        yield problem(
            "cache",
            "what is put there does not come back",
            "check REDIS_URL; without it, run manage.py createcachetable",
        )
    else:
        yield well("cache", "keeps what is put there")


def stored_objects() -> Iterator[Finding]:
    key, content = f"checkup/{secrets.token_hex(8)}", secrets.token_bytes(1024)
    where = settings.STORAGE_URL.partition("?")[0]
    remedy = "check STORAGE_URL, credentials, and the rights to read, write, list and delete"
    try:
        storage.objects().write(key, content)
        with storage.objects().open_read(key) as file:
            same = file.read() == content
        listed = key in storage.objects().walk("checkup")
        storage.objects().delete(key)
    except OSError as error:
        yield problem("storage", f"{where}: {error}", remedy)
        return
    if same and listed:
        yield well("storage", f"{where}: written, read, listed and deleted")
    else:
        yield problem("storage", f"{where}: what was written does not come back", remedy)


def _sqlite() -> Iterator[Finding]:
    with connection.cursor() as cursor:
        mode = cursor.execute("PRAGMA journal_mode").fetchone()[0]
        check = cursor.execute("PRAGMA quick_check(1)").fetchone()[0]
    if check != "ok":
        yield problem("database", f"damaged: {check[:200]}", "restore the latest backup")
    elif mode != "wal":
        yield problem(
            "database",
            f"journal mode {mode} instead of wal: readers wait for writers",
            "keep the file on a local disk; network file systems do not allow it",
        )
    else:
        yield well("database", "SQLite in WAL mode, undamaged")


def _postgresql() -> Iterator[Finding]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT current_setting('server_version_num')::int / 10000, "
            "current_setting('max_connections')::int, current_setting('server_encoding')"
        )
        version, connections, encoding = cursor.fetchone()
    if version < OLDEST_POSTGRESQL:
        yield problem("database", f"PostgreSQL {version} is too old", "upgrade to 14 or newer")
    elif encoding != "UTF8":
        yield problem("database", f"its encoding is {encoding}", "create it with ENCODING 'UTF8'")
    else:
        yield well("database", f"PostgreSQL {version}")
    environment = settings.ENVIRONMENT
    needed = environment.web_workers * environment.web_threads + OTHER_CONNECTIONS
    if needed > connections:
        yield warning(
            "connections",
            f"one server may open {needed}, PostgreSQL allows {connections}",
            "lower WEB_WORKERS or WEB_THREADS, or raise max_connections",
        )
