"""A crate with 500 versions, as JSON and as a page, against a view that does nothing."""

from collections.abc import Iterator

from bench.clients import answers, burned, clock_of, request
from bench.rows import Row
from bench.stage import Stage, seed

VERSIONS = 500
TIMES = 60
EMPTY = "empty view"
# As cargo and browsers say.
GZIP = {"Accept-Encoding": "gzip"}


def rows(stage: Stage) -> Iterator[Row]:
    server = stage.prepared(database=stage.database())
    seed(server, "crate_with_versions", name="many-versions", versions=stage.times(VERSIONS))
    server.start()
    try:
        times = stage.times(TIMES)
        assert server.process
        clocks = (clock_of(server.process.pid), clock_of(stage.postgresql_pid))
        empty = request("GET", "/healthz", GZIP)
        for name, path, limit in (
            ("crate JSON, 500 versions", "/api/v1/crates/many-versions", 2),
            ("versions JSON, first page", "/api/v1/crates/many-versions/versions?per_page=100", 4),
            ("owners JSON", "/api/v1/crates/many-versions/owners", 2),
            ("crate page, 500 versions", "/crates/many-versions", 30),
        ):
            text = request("GET", path, GZIP)
            floor = answers(server.port, 200, lambda: [empty] * times)
            subject = answers(server.port, 200, lambda text=text: [text] * times)
            for measure, least, ours in (
                ("p50", floor, subject),
                ("processor", burned(floor, times, *clocks), burned(subject, times, *clocks)),
            ):
                yield Row(
                    name=f"{name}, {measure}",
                    floor_name=EMPTY,
                    floor=least,
                    subject=ours,
                    limit=limit,
                )
    finally:
        server.kill()
