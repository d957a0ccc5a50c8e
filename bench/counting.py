"""Counting an access log with one command, against unpacking it and counting its lines."""

import gzip
import json
import random
import subprocess
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from pathlib import Path
from typing import Any

import psycopg

from bench.commands import command, environment
from bench.rows import Row
from bench.stage import Stage, for_psycopg

LINES = 500_000
# A log has so many days, each with as many lines; what starting the command costs is a part of it.
DAYS = 4
# Of cargo, as it says who it is, and the places of a CDN.
AGENTS = [
    f"cargo/1.{n}.0 ({n * 7_368_787 % 16**9:09x} 2025-{n % 12 + 1:02}-10)" for n in range(60, 92)
]
PLACES = ("ams", "bfi", "chi", "fra", "gru", "iad", "lon", "nrt", "sin", "syd")
VERSIONS = """
    SELECT crate.name, version.num FROM registry_crate AS crate
    JOIN registry_version AS version ON version.crate_id = crate.id
    AND version.num IN (crate.max_version, crate.newest_version)
    ORDER BY crate.recent_downloads DESC LIMIT 100000
"""
FLOOR = "zcat | wc -l"
MOST_MEGABYTES = 300


def rows(stage: Stage) -> Iterator[Row]:
    database = stage.large_postgresql
    log = stage.new_folder("logs") / "access.log.gz"
    with psycopg.connect(for_psycopg(database), autocommit=True) as connection:
        write_log(log, connection.execute(VERSIONS).fetchall(), stage.times(LINES))
        variables = environment(stage.new_folder("counting"), database)
        memory = []

        def count() -> float:
            connection.execute("DELETE FROM registry_countedfile")
            taken, megabytes = command(variables, "manage.py", "count_downloads", str(log))
            memory.append(megabytes)
            return taken

        yield Row(
            "count an access log, lines a second",
            subject=count,
            floor=lambda: unpack(log),
            floor_name=FLOOR,
            limit=0.4,
            at_least=True,
            rounds=3,
        )
        yield Row(
            "memory of it",
            subject=lambda: max(memory),
            limit=MOST_MEGABYTES,
            unit="MB",
            rounds=1,
        )


def unpack(log: Path) -> float:
    began = time.perf_counter()
    with subprocess.Popen(["zcat", log], stdout=subprocess.PIPE) as zcat:
        subprocess.run(["wc", "-l"], stdin=zcat.stdout, stdout=subprocess.DEVNULL, check=True)
    return (time.perf_counter() - began) * 1e6


def write_log(path: Path, versions: Sequence[tuple[Any, ...]], lines: int) -> None:
    """A CDN's JSON lines, so many a day, with what such a line says and what in it varies.

    Few of the versions have most of the lines.
    """
    day = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=1)
    first = path.with_name("day.gz")
    _write_day(first, day, versions, lines)
    for ago in range(DAYS):
        before = f"{day - timedelta(days=ago):%Y-%m-%d}".encode()
        with gzip.open(first) as source, gzip.open(path, "ab", compresslevel=6) as file:
            file.writelines(line.replace(f"{day:%Y-%m-%d}".encode(), before) for line in source)
    first.unlink()


def _write_day(path: Path, day: datetime, versions: Sequence[tuple[Any, ...]], lines: int) -> None:
    chance = random.Random(1)
    weights = list(accumulate(1 / place for place in range(1, len(versions) + 1)))
    with gzip.open(path, "wt", compresslevel=1) as file:
        for number, (name, num) in enumerate(
            chance.choices(versions, cum_weights=weights, k=lines)
        ):
            at = f"{day + timedelta(seconds=86_400 * number / lines):%Y-%m-%dT%H:%M:%S}"
            place = chance.choice(PLACES)
            # Of the network that is set apart for benchmarks.
            ip = f"198.{chance.randrange(18, 20)}.{chance.randrange(256)}.{chance.randrange(256)}"
            entry = {
                "bytes": chance.randrange(1_000, 900_000),
                "content_type": "application/gzip",
                "date_time": f"{at}.{chance.randrange(10**9):09}Z",
                "edge_location": place.upper(),
                "host": "static.example.com",
                "http": {"protocol": "HTTP/2", "referer": None, "useragent": chance.choice(AGENTS)},
                "ip": ip,
                "method": "GET",
                "service": "static.example.com",
                "status": 200 if chance.random() < 0.97 else 304,
                "tls": {"cipher": "TLS_AES_128_GCM_SHA256", "protocol": "TLSv1.3"},
                "url": f"https://static.example.com/crates/{name}/{num}/download",
                "version": "1",
            }
            server = f"cache-{place}-{place}{chance.randrange(7_000_000, 7_000_200)}"
            text = json.dumps(entry, separators=(",", ":"))
            file.write(f"<134>{at}Z {server} request-logs[257678]: {text}\n")
