"""Copies a whole database into a file and back, consistently, while others use it."""

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

# PostgreSQL's programs for the newest version come first on PATH where Debian's wrapper is.
_DEBIAN = Path("/usr/lib/postgresql")
_BUSY_SECONDS = 30
# Made by whoever administers the database, so a restore cannot drop and make them.
_NOT_OURS = (" EXTENSION ", " COMMENT - EXTENSION ", " SCHEMA - ", " COMMENT - SCHEMA ")
# What Django's settings call the parts of an address, and what libpq calls them.
_LIBPQ = {"NAME": "PGDATABASE", "USER": "PGUSER", "HOST": "PGHOST", "PORT": "PGPORT"}


class CannotCopy(Exception):
    """The sentence says what is missing or wrong, and what to do."""


def kind_of(database: Mapping[str, Any]) -> str:
    """`sqlite` or `postgresql`, of one of Django's database settings."""
    return "sqlite" if database["ENGINE"].endswith("sqlite3") else "postgresql"


def copy_out(database: Mapping[str, Any], target: Path, query: str) -> list[tuple[Any, ...]]:
    """Writes a copy of the database as it is at one moment; answers `query` of that moment.

    Writers are not held up. Raises CannotCopy.
    """
    if kind_of(database) == "sqlite":
        return _copy_sqlite_out(Path(database["NAME"]), target, query)
    return _copy_postgresql_out(database, target, query)


def copy_in(database: Mapping[str, Any], source: Path) -> None:
    """Replaces everything in the database by the copy; raises CannotCopy.

    On SQLite in one transaction. On PostgreSQL the old tables go first, so that none of another
    version of the program stays behind.
    """
    if kind_of(database) == "sqlite":
        _copy_sqlite_in(Path(database["NAME"]), source)
    else:
        _copy_postgresql_in(database, source)


def _copy_sqlite_out(name: Path, target: Path, query: str) -> list[tuple[Any, ...]]:
    try:
        with (
            closing(sqlite3.connect(f"{name.as_uri()}?mode=ro", uri=True)) as source,
            closing(sqlite3.connect(target)) as copy,
        ):
            # All pages in one step: in WAL mode this is one moment, and nobody waits.
            source.backup(copy)
            # One file, readable from anywhere.
            copy.execute("PRAGMA journal_mode = DELETE")
            return list(copy.execute(query))
    except sqlite3.Error as error:
        raise CannotCopy(f"{name} cannot be copied: {error}") from error


def _copy_sqlite_in(name: Path, source: Path) -> None:
    name.parent.mkdir(parents=True, exist_ok=True)
    try:
        with (
            closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True)) as copy,
            closing(sqlite3.connect(name, timeout=_BUSY_SECONDS)) as target,
        ):
            copy.backup(target)
    except sqlite3.Error as error:
        raise CannotCopy(
            f"{name} cannot be written ({error}); stop the registry, then try again"
        ) from error


def _copy_postgresql_out(
    database: Mapping[str, Any], target: Path, query: str
) -> list[tuple[Any, ...]]:
    program = _program("pg_dump")
    with _connection(database) as connection:
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        row = connection.execute("SELECT pg_export_snapshot()").fetchone()
        assert row, "the function always answers"
        # What the query sees is what the dump holds.
        options = ["--format=custom", "--no-owner", "--no-privileges", f"--snapshot={row[0]}"]
        _run([program, *options, f"--file={target}"], database)
        # The query is the caller's, made of constants.
        return connection.execute(query.encode()).fetchall()


def _copy_postgresql_in(database: Mapping[str, Any], source: Path) -> None:
    program = _program("pg_restore")
    listing = _run([program, "--list", str(source)], database).splitlines()
    wanted = [line for line in listing if not any(part in line for part in _NOT_OURS)]
    extensions = [line.split(" EXTENSION - ")[1] for line in listing if " EXTENSION - " in line]
    _clear_postgresql(database, [name.split()[0] for name in extensions])
    chosen = source.with_name(f".{source.name}.{os.getpid()}.list")
    try:
        chosen.write_text("\n".join(wanted) + "\n")
        options = ["--no-owner", "--no-privileges", "--single-transaction", "--exit-on-error"]
        options += ["--clean", "--if-exists", f"--use-list={chosen}"]
        _run([program, *options, f"--dbname={database['NAME']}", str(source)], database)
    finally:
        chosen.unlink(missing_ok=True)


def _clear_postgresql(database: Mapping[str, Any], extensions: Sequence[str]) -> None:
    with _connection(database) as connection:
        for name in extensions:
            statement = sql.SQL("CREATE EXTENSION IF NOT EXISTS {}")
            try:
                connection.execute(statement.format(sql.Identifier(name)))
            except psycopg.Error as error:
                raise CannotCopy(
                    f"the backup needs the extension {name}; as an administrator of the database "
                    f"run CREATE EXTENSION {name}, then try again"
                ) from error
        rows = connection.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = current_schema()"
        ).fetchall()
        for (table,) in rows:
            connection.execute(sql.SQL("DROP TABLE {} CASCADE").format(sql.Identifier(table)))


def _connection(database: Mapping[str, Any]) -> "psycopg.Connection[tuple[Any, ...]]":
    try:
        return psycopg.connect(
            dbname=database["NAME"],
            user=database.get("USER") or None,
            password=database.get("PASSWORD") or None,
            host=database.get("HOST") or None,
            port=database.get("PORT") or None,
        )
    except psycopg.Error as error:
        raise CannotCopy("the database does not answer; check DATABASE_URL") from error


def _program(name: str) -> str:
    if found := shutil.which(name):
        return found
    versions = sorted(_DEBIAN.glob(f"*/bin/{name}"), key=lambda path: float(path.parts[-3]))
    if versions:
        return str(versions[-1])
    raise CannotCopy(
        f"the program {name} is not installed here; install PostgreSQL's client programs, of the "
        "server's version or newer (Debian: apt-get install postgresql-client)"
    )


def _run(command: Sequence[str], database: Mapping[str, Any]) -> str:
    # Not on the command line, which every account of the machine can read.
    variables = {libpq: str(database[ours]) for ours, libpq in _LIBPQ.items() if database.get(ours)}
    if database.get("PASSWORD"):
        variables["PGPASSWORD"] = str(database["PASSWORD"])
    done = subprocess.run(
        command, env={**os.environ, **variables}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        said = " ".join(done.stderr.split())[:500]
        raise CannotCopy(f"{Path(command[0]).name} failed: {said}")
    return done.stdout
