"""What several rows measure on: services, servers and folders of one run, removed at its end."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import psycopg

from tests import prepared as prepared_data
from tests.prepared import PREPARE, Prepared
from tests.server import ROOT, Server
from tests.services import private_postgresql

# As many as leave all groups together room in a quarter of an hour. A public registry has ten times
# as many after ten years.
CRATES = 20_000
FEW_CRATES = 100
DURABLE: dict[str, str] = {"shared_buffers": "512MB"}


class Stage:
    """`quick` tries whether everything works, and measures nothing worth knowing.

    `migrated` are data that servers on SQLite start with; without any they are made.
    """

    def __init__(
        self, *, quick: bool = False, crates: int = CRATES, migrated: Prepared | None = None
    ) -> None:
        self.quick = quick
        self._given = migrated
        self.crates = FEW_CRATES // 2 if quick else crates
        self.rounds = 1 if quick else None
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        folder = tempfile.TemporaryDirectory(prefix="waybill-bench-", ignore_cleanup_errors=True)
        self.folder = Path(self._stack.enter_context(folder))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()

    def times(self, count: int) -> int:
        """How often something is done in a turn."""
        return max(2, count // 100) if self.quick else count

    @cached_property
    def postgresql(self) -> str:
        """The URL of a PostgreSQL of this run; what it commits is on the disk."""
        return self._stack.enter_context(private_postgresql(DURABLE))

    @cached_property
    def postgresql_pid(self) -> int:
        with psycopg.connect(for_psycopg(self.postgresql)) as connection:
            status = Path(f"/proc/{connection.info.backend_pid}/status").read_text()
        return int(status.partition("PPid:")[2].split()[0])

    def database(self) -> str:
        """The URL of a new, empty database."""
        name = f"bench_{uuid4().hex[:12]}"
        with psycopg.connect(for_psycopg(self.postgresql), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return urlunsplit(urlsplit(self.postgresql)._replace(path=f"/{name}"))

    def new_folder(self, name: str) -> Path:
        folder = self.folder / f"{name}-{uuid4().hex[:6]}"
        folder.mkdir()
        return folder

    @contextmanager
    def server(self, *, database: str | None = None, **environment: str) -> Iterator[Server]:
        """`make serve` with one web process; on SQLite unless a database is given."""
        server = self.prepared(database=database, **environment)
        server.start()
        try:
            yield server
        finally:
            server.kill()

    def prepared(self, *, database: str | None = None, **environment: str) -> Server:
        """Migrated, and not started."""
        folder = self.new_folder("server")
        # What an operator starts, and not a fork that shares memory with another process.
        server = Server(
            folder, database=database, from_scratch=True, WEB_WORKERS="1", **environment
        )
        if database or "DATA_DIR" in environment:
            subprocess.run(
                [sys.executable, "-c", PREPARE], cwd=ROOT, env=server.environment, check=True
            )
        else:
            self._stack.enter_context(self._migrated.copy(server.data_dir))
        return server

    @cached_property
    def _migrated(self) -> Prepared:
        return self._given or prepared_data.prepared(self.folder, None)

    @cached_property
    def large_postgresql(self) -> str:
        """A database with the synthetic registry of `crates`."""
        url = self.database()
        self._generate(self.new_folder("large"), url)
        return url

    @cached_property
    def large_sqlite(self) -> Path:
        """A DATA_DIR with the same registry."""
        folder = self.new_folder("large")
        self._generate(folder, None)
        return folder

    def _generate(self, folder: Path, database: str | None) -> None:
        command = ["-m", "bench.synthetic", "--crates", str(self.crates)]
        command += ["--data-dir", str(folder), *(["--database", database] if database else [])]
        environment = {k: v for k, v in os.environ.items() if k in ("PATH", "HOME", "LANG")}
        subprocess.run(
            [sys.executable, *command],
            cwd=ROOT,
            env=environment,
            check=True,
            stdout=subprocess.DEVNULL,
        )


def seed(server: Server, function: str, /, **arguments: object) -> Any:
    """What a function of bench.seeds returns, called in the server's environment."""
    call = f"print(json.dumps(seeds.{function}(**{arguments!r})))"
    said = server.manage("shell", "-v0", "-c", f"import json; from bench import seeds; {call}")
    return json.loads(said.splitlines()[-1])


def for_psycopg(url: str) -> str:
    return urlunsplit(urlsplit(url)._replace(scheme="postgresql"))
