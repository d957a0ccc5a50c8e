"""What a web process holds after many requests of every kind, against after a few."""

import http.client
from collections.abc import Iterator
from itertools import cycle, islice
from pathlib import Path

from bench.rows import Row
from bench.stage import Stage, seed
from tests.server import Server

FEW, MANY = 100, 10_000
PATHS = (
    "/",
    "/index/ma/ny/many-versions",
    "/api/v1/crates/many-versions",
    "/api/v1/crates/many-versions/versions?per_page=50",
    "/api/v1/crates/many-versions/downloads",
    "/api/v1/crates?q=many",
    "/api/v1/crates?q=nothing-like-it",
    "/api/v1/crates/absent",
    "/crates/many-versions",
    "/crates/many-versions/versions",
    "/search?q=many",
    "/api/v1/summary",
    "/healthz",
)


def rows(stage: Stage) -> Iterator[Row]:
    server = stage.prepared(COUNT_DOWNLOADS="0")
    seed(server, "crate_with_versions", name="many-versions", versions=stage.times(200))
    server.start()
    try:
        yield Row(
            f"memory after {MANY:,} mixed requests",
            floor_name=f"after {FEW}",
            floor=lambda: _after(server, FEW),
            subject=lambda: _after(server, stage.times(MANY)),
            limit=1.2,
            unit="MB",
            rounds=1,
        )
    finally:
        server.kill()


def _after(server: Server, requests: int) -> float:
    connection = http.client.HTTPConnection("127.0.0.1", server.port)
    for path in islice(cycle(PATHS), requests):
        connection.request("GET", path)
        connection.getresponse().read()
    connection.close()
    return max(map(_megabytes, _processes(server)))


def _processes(server: Server) -> list[int]:
    """All that belong to the server; the largest is the one that answers."""
    assert server.process is not None
    found, new = [], [server.process.pid]
    while new:
        pid = new.pop()
        found.append(pid)
        for task in Path(f"/proc/{pid}/task").iterdir():
            new += map(int, (task / "children").read_text().split())
    return found


def _megabytes(pid: int) -> float:
    """Without what it shares with the others."""
    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) for line in rollup if line.startswith("Pss:")) / 1024
