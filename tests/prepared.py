"""Migrated data for servers and tests to start with: migrating takes longer than most tests."""

import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import psycopg
from psycopg import sql

from tests.server import INHERITED, ROOT

# Of SQLite, in the folder.
FILE = "waybill.sqlite3"
PREPARE = "from config.serve import prepare, read_environment; prepare(read_environment())"


@dataclass(frozen=True)
class Prepared:
    """A folder of data, and on PostgreSQL the URL of the database that belongs to it."""

    folder: Path
    database: str | None

    @contextmanager
    def copy(self, data_dir: Path) -> Iterator[str | None]:
        """Data of one's own in `data_dir`; the URL of the PostgreSQL database, None for SQLite."""
        # Each server makes a secret of its own.
        shutil.copytree(self.folder, data_dir, ignore=shutil.ignore_patterns("secret_key"))
        if self.database is None:
            yield None
            return
        with self.database_copy() as url:
            yield url

    @contextmanager
    def database_copy(self) -> Iterator[str]:
        """The URL of a PostgreSQL database of one's own."""
        assert self.database, "not on PostgreSQL"
        name = f"waybill_server_{uuid4().hex[:12]}"
        _create_database(self.database, name, template=_name(self.database))
        try:
            yield _named(self.database, name)
        finally:
            _drop_database(self.database, name)


def prepared(shared: Path, url: str | None) -> Prepared:
    """Made once for all processes that share the folder; a database lies beside the given one."""
    data = Prepared(shared / "prepared", _prepared_url(url) if url else None)
    with (shared / "prepared.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not data.folder.exists():
            if data.database:
                _create_database(data.database, _name(data.database))
            _prepare(data)
    return data


def remove(url: str | None) -> None:
    """Drops what `prepared` made on a PostgreSQL server; harmless if it made nothing."""
    if url:
        _drop_database(url, _name(_prepared_url(url)))


def _prepare(data: Prepared) -> None:
    unfinished = data.folder.with_suffix(".unfinished")
    environment = {name: os.environ[name] for name in INHERITED if name in os.environ}
    environment["DATA_DIR"] = str(unfinished)
    if data.database:
        environment["DATABASE_URL"] = data.database
    subprocess.run([sys.executable, "-c", PREPARE], cwd=ROOT, env=environment, check=True)
    unfinished.rename(data.folder)


def _create_database(url: str, name: str, *, template: str = "template1") -> None:
    names = [sql.Identifier(name), sql.Identifier(template)]
    _administrate(url, sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(*names))


def _drop_database(url: str, name: str) -> None:
    statement = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)")
    _administrate(url, statement.format(sql.Identifier(name)))


def _administrate(url: str, statement: sql.Composed) -> None:
    parts = urlsplit(url)._replace(scheme="postgresql", path="/postgres")
    with psycopg.connect(urlunsplit(parts), autocommit=True) as connection:
        connection.execute(statement)


def _prepared_url(url: str) -> str:
    return _named(url, f"{_name(url)}_prepared")


def _named(url: str, name: str) -> str:
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))


def _name(url: str) -> str:
    return urlsplit(url).path.lstrip("/")
