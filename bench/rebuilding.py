"""The whole index anew and its comparison, against reading the rows with a bare cursor."""

import time
from collections.abc import Iterator

import psycopg

from bench.commands import command, environment
from bench.rows import Row
from bench.stage import Stage, for_psycopg

FLOOR = "bare cursor"
ROWS = "SELECT crate_id, index_line FROM registry_version ORDER BY crate_id, id"
AT_ONCE = 2000
MOST_MEGABYTES = 300


def rows(stage: Stage) -> Iterator[Row]:
    database = stage.large_postgresql
    variables = environment(stage.new_folder("index"), database)
    memory = []

    def run(*options: str) -> float:
        taken, megabytes = command(variables, "manage.py", "rebuild_index", *options)
        memory.append(megabytes)
        return taken

    for name, subject in (
        ("rebuild the index", run),
        ("rebuild it where it is right", run),
        ("compare it", lambda: run("--check")),
    ):
        yield Row(
            name,
            subject=subject,
            floor=lambda: read(database),
            floor_name=FLOOR,
            limit=4,
            rounds=1,
        )
    yield Row(
        "memory of it", subject=lambda: max(memory), limit=MOST_MEGABYTES, unit="MB", rounds=1
    )


def read(database: str) -> float:
    began = time.perf_counter()
    with (
        psycopg.connect(for_psycopg(database)) as connection,
        connection.cursor(name="rows") as cursor,
    ):
        cursor.execute(ROWS)
        while cursor.fetchmany(AT_ONCE):
            pass
    return (time.perf_counter() - began) * 1e6
