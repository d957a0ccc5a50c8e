"""Index files as production, `make serve` alone and a private registry send them, against nginx."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

from bench import nginx
from bench.clients import Connection, family, field, processor_time, request, web_processes
from bench.rows import Row
from bench.stage import Stage, seed
from tests.ports import free_port
from tests.server import Server

PATH = "/index/be/nc/bench"
LINE = '{"name":"bench","vers":"1.0.%d","deps":[],"cksum":"%064x","features":{},"yanked":false}\n'
VERSIONS = 14
REQUESTS = 20_000
FLOOR = "nginx, a copy of the file"


def rows(stage: Stage) -> Iterator[Row]:
    """Each cost is the processor time of all servers on the way."""
    with ExitStack() as stack:
        folder = stage.new_folder("nginx")
        copy = folder / "copy"
        text = "".join(LINE % (number, number) for number in range(VERSIONS))
        _put(copy / PATH[1:], text)
        server = stack.enter_context(stage.server(TRUSTED_PROXIES="127.0.0.1"))
        closed = stage.prepared(TRUSTED_PROXIES="127.0.0.1", AUTH_REQUIRED="1")
        token = seed(closed, "token")
        closed.start()
        stack.callback(closed.kill)
        for one in (server, closed):
            _put(one.data_dir / "storage" / PATH[1:], text)
        ports = [free_port() for _ in range(3)]
        floor, production, private = (
            stack.enter_context(nginx.running(stage.new_folder("nginx"), site, port))
            for site, port in (
                (nginx.static(copy, ports[0]), ports[0]),
                (nginx.deployed("waybill.conf", server, ports[1], folder), ports[1]),
                (nginx.deployed("waybill-private.conf", closed, ports[2], folder), ports[2]),
            )
        )
        with_token = {"Authorization": token}
        yield from _both(
            stage, "index file through waybill.conf", 0.95,
            (ports[1], [*family(production), *_web(server)], {}), (ports[0], family(floor)),
        )  # fmt: skip
        yield from _both(
            stage, "index file from `make serve`", 0.40,
            (server.port, _web(server), {}), (ports[0], family(floor)),
        )  # fmt: skip
        yield from _both(
            stage, "index file through waybill-private.conf", 0.25,
            (ports[2], [*family(private), *_web(closed)], with_token), (ports[0], family(floor)),
        )  # fmt: skip


def _both(
    stage: Stage,
    name: str,
    limit: float,
    subject: tuple[int, list[int], Mapping[str, str]],
    floor: tuple[int, list[int]],
) -> Iterator[Row]:
    """The whole file, and the answer that it has not changed; each has its own validator."""
    port, pids, headers = subject
    requests = stage.times(REQUESTS)
    tag, floor_tag = _etag(port, headers), _etag(floor[0], {})
    for status, more, floor_more in (
        (200, {}, {}),
        (304, {"If-None-Match": tag}, {"If-None-Match": floor_tag}),
    ):
        yield Row(
            name=f"{name}, {status}",
            floor_name=FLOOR,
            limit=limit,
            at_least=True,
            floor=processor_time(
                floor[0], request("GET", PATH, floor_more), floor[1], requests=requests
            ),
            subject=processor_time(
                port, request("GET", PATH, {**headers, **more}), pids, requests=requests
            ),
        )


def _etag(port: int, headers: Mapping[str, str]) -> str:
    connection = Connection(port)
    status, head, _ = connection.ask(request("GET", PATH, headers))
    connection.close()
    tag = field(head, "etag")
    if status != 200 or not tag:
        raise ValueError(f"the index file is not served:\n{head.decode()}")
    return tag


def _web(server: Server) -> list[int]:
    assert server.process
    return web_processes(server.process.pid)


def _put(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
