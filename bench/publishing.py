"""A publish, against what nobody can leave out: hash, inflate, list, one file and one commit."""

import gzip
import hashlib
import io
import os
import tarfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from random import Random

import psycopg

from bench.clients import answers, burned, clock_of, request
from bench.exchange import CREATE, INSERT
from bench.rows import Row, Turn, p50
from bench.stage import FEW_CRATES, Stage, for_psycopg, seed
from tests.factories.archives import build_frame, manifest_for, metadata_for
from tests.server import Server

SMALL, LARGE = 50_000, 5_000_000
# Hexadecimal digits of random bytes compress to a half; source code a little better.
FILE_BYTES = 8_000
NAMES = [f"bench-{number}" for number in range(8)]
UNLIMITED = {
    "RATE_LIMITER_PUBLISH_UPDATE_BURST": "1000000",
    "MAX_NEW_VERSIONS_DAILY": "1000000",
}
FLOOR = "hash, inflate and list, durable file, commit"
_numbers = count(1)


@dataclass(frozen=True, slots=True)
class _Publisher:
    """A running server's port and clock, and a token that may publish there."""

    port: int
    token: str
    clock: Callable[[], float]


def rows(stage: Stage) -> Iterator[Row]:
    with ExitStack() as stack:
        few = stack.enter_context(_registry(stage, stage.database(), FEW_CRATES))
        floor = psycopg.connect(for_psycopg(stage.database()), autocommit=True)
        stack.callback(floor.close)
        floor.execute(CREATE)
        folder = stage.new_folder("floor")
        for name, size, limit, times in (
            ("publish 50 kB on PostgreSQL", SMALL, 3.5, 16),
            ("publish 5 MB on PostgreSQL", LARGE, 1.15, 3),
        ):
            archive = _archive("floor", "1.0.0", size)
            least = p50(_least(archive, folder, floor), times)
            ours = _publishes(few.port, few.token, size, times)
            database = clock_of(stage.postgresql_pid)
            for measure, one, other in (
                ("p50", least, ours),
                (
                    "processor time",
                    burned(least, times, database, own=True),
                    burned(ours, times, few.clock, database),
                ),
            ):
                yield Row(
                    name=f"{name}, {measure}",
                    floor_name=FLOOR,
                    floor=one,
                    subject=other,
                    limit=limit,
                    rounds=5,
                )
        many = stack.enter_context(_registry(stage, stage.large_postgresql, None))
        yield Row(
            name=f"publish with {stage.crates:,} crates",
            floor_name=f"with {FEW_CRATES} crates",
            floor=_publishes(few.port, few.token, SMALL, 16),
            subject=_publishes(many.port, many.token, SMALL, 16),
            limit=1.1,
        )


@contextmanager
def _registry(stage: Stage, database: str, synthetic: int | None) -> Iterator[_Publisher]:
    """A server on that database."""
    server: Server = stage.prepared(database=database, **UNLIMITED)
    if synthetic:
        seed(server, "synthetic", crates=synthetic)
    token = seed(server, "token")
    seed(server, "crates_of", login="nora", names=NAMES)
    server.start()
    try:
        assert server.process
        yield _Publisher(server.port, token, clock_of(server.process.pid))
    finally:
        server.kill()


def _publishes(port: int, token: str, size: int, times: int) -> Turn:
    """New versions of a few crates in turn."""
    return answers(port, 200, lambda: [_upload(token, size) for _ in range(times)])


def _upload(token: str, size: int) -> bytes:
    number = next(_numbers)
    name, version = NAMES[number % len(NAMES)], f"1.{number}.0"
    frame = build_frame(metadata_for(name, version), _archive(name, version, size))
    return request("PUT", "/api/v1/crates/new", {"Authorization": token}, frame)


def _archive(name: str, version: str, size: int) -> bytes:
    """About so many bytes."""
    random = Random(size)
    files = {
        f"src/{number}.rs": random.randbytes(FILE_BYTES // 2).hex().encode()
        for number in range(max(2, size * 9 // 5 // FILE_BYTES))
    }
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.GNU_FORMAT) as tar:
        for path, content in {"Cargo.toml": manifest_for(name, version).encode(), **files}.items():
            entry = tarfile.TarInfo(f"{name}-{version}/{path}")
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return gzip.compress(packed.getvalue(), compresslevel=3, mtime=0)


def _least(
    archive: bytes, folder: Path, database: psycopg.Connection[tuple[object, ...]]
) -> Callable[[], object]:
    numbers = count()

    def work() -> None:
        number = next(numbers)
        digest = hashlib.sha256(archive).hexdigest()
        with tarfile.open(fileobj=io.BytesIO(gzip.decompress(archive)), mode="r:") as tar:
            tar.getnames()
        _write(folder, str(number), archive)
        database.execute(INSERT, [f"{digest} {len(archive)} {number}"], prepare=True)

    return work


def _write(folder: Path, name: str, content: bytes) -> None:
    """So that it is there whole, or not at all, after a power failure."""
    with (folder / "new").open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    (folder / "new").rename(folder / name)
    handle = os.open(folder, os.O_RDONLY)
    os.fsync(handle)
    os.close(handle)
