"""A crate with 500 versions, as JSON and as a page, against a view that does nothing."""

from collections.abc import Iterator

from bench.clients import answers, request
from bench.rows import Row
from bench.stage import Stage, seed

VERSIONS = 500
TIMES = 40
EMPTY = "empty view"
# As cargo and browsers say.
GZIP = {"Accept-Encoding": "gzip"}


def rows(stage: Stage) -> Iterator[Row]:
    server = stage.prepared(database=stage.database())
    seed(server, "crate_with_versions", name="many-versions", versions=stage.times(VERSIONS))
    server.start()
    try:
        times = stage.times(TIMES)
        empty = request("GET", "/healthz", GZIP)
        for name, path, limit in (
            ("crate JSON, 500 versions", "/api/v1/crates/many-versions", 2),
            ("versions JSON, first page", "/api/v1/crates/many-versions/versions?per_page=100", 4),
            ("owners JSON", "/api/v1/crates/many-versions/owners", 2),
            ("crate page, 500 versions", "/crates/many-versions", 30),
        ):
            text = request("GET", path, GZIP)
            yield Row(
                name=name,
                floor_name=EMPTY,
                floor=answers(server.port, 200, lambda: [empty] * times),
                subject=answers(server.port, 200, lambda text=text: [text] * times),
                limit=limit,
            )
    finally:
        server.kill()
