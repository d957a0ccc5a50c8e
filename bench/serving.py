"""Hot reads from a running server, by one client that keeps its connection."""

import http.client
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from bench.measure import Figure, measure
from tests.server import Server

INDEX_FILE = "/index/be/nc/bench"
LINE = '{"name":"bench","vers":"1.0.%d","deps":[],"cksum":"%064x","features":{},"yanked":false}\n'
VERSIONS = 20


def figures() -> Iterator[Figure]:
    with tempfile.TemporaryDirectory(prefix="waybill-bench-") as folder:
        server = Server(Path(folder), WEB_WORKERS="1")
        server.start()
        try:
            yield from _reads(server)
        finally:
            server.kill()


def _reads(server: Server) -> Iterator[Figure]:
    path = server.data_dir / "storage" / INDEX_FILE[1:]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(LINE % (number, number) for number in range(VERSIONS)))
    connection = http.client.HTTPConnection("127.0.0.1", server.port)
    etag = _get(connection, INDEX_FILE)().headers["ETag"]
    yield measure("index file, 200", _get(connection, INDEX_FILE))
    yield measure("index file, 304", _get(connection, INDEX_FILE, {"If-None-Match": etag}))
    yield measure("an index file that is not there", _get(connection, "/index/be/nc/bencher"))
    yield measure("/healthz, through Django", _get(connection, "/healthz"))
    yield measure("home page, empty registry", _get(connection, "/"))
    connection.close()


def _get(
    connection: http.client.HTTPConnection, path: str, headers: dict[str, str] | None = None
) -> Callable[[], http.client.HTTPResponse]:
    def ask() -> http.client.HTTPResponse:
        connection.request("GET", path, headers=headers or {})
        response = connection.getresponse()
        response.read()
        return response

    return ask
