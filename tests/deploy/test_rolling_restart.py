"""Two servers behind nginx are restarted one after the other, and nobody who uses them notices."""

import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from demo.issuer import LocalIssuer
from tests.ci import IDS
from tests.deploy.nginx import NGINX, Answer, ask, nginx
from tests.factories.archives import build_crate, build_frame, metadata_for
from tests.factories.id_tokens import signing_key
from tests.prepared import Prepared
from tests.server import Server, free_port

# One command instead of five: each takes a second to start.
PREPARE = """
from django.core.management import call_command
silent = open("/dev/null", "w")
call_command("create_user", "nora", email="nora@example.com", stdout=silent)
call_command("trust_issuer", "github", {issuer!r}, web_url="https://forge.example", stdout=silent)
fields = [f"{{name}}={{value}}" for name, value in {fields!r}.items()]
to = {{"issuer": {issuer!r}, "pending_owner": "nora", "stdout": silent}}
call_command("add_publisher", "rolling-ci", "github", *fields, **to)
call_command("create_token", "nora", "laptop")
"""
FIELDS = {
    "repository_owner": "ferris-labs",
    "repository_name": "tidepool",
    "workflow_filename": "release.yml",
    "environment": "release",
    **IDS,
}

pytestmark = [
    pytest.mark.slow,
    pytest.mark.once,
    pytest.mark.skipif(not NGINX, reason="the program nginx is not here (apt: nginx-light)"),
]


@dataclass
class Load:
    """What was asked all the time, how often, and every answer that should not have been."""

    counts: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    slowest: float = 0.0


def test_a_rolling_restart_fails_no_request(tmp_path: Path, prepared: Prepared) -> None:
    port = free_port()
    address = f"127.0.0.1:{port}"
    with (
        LocalIssuer(key=signing_key()) as ci,
        _two_servers(tmp_path, prepared, f"https://{address}") as servers,
        nginx(
            tmp_path,
            {"waybill.conf": port},
            upstream=[server.port for server in servers],
            data_dir=servers[0].data_dir,
        ),
    ):
        token = servers[0].manage("shell", "-v0", "-c", PREPARE.format(issuer=ci.url, fields=FIELDS))
        first = _publish(port, token, "rolling-0", "0.1.0")
        assert first.status == 200, first.body

        with _load(port, token, lambda: ci.github_token(address)) as load:
            for server in servers:
                time.sleep(1)
                assert server.stop() == 0
                server.start()
            time.sleep(1)

    print(load.counts, load.slowest, Counter(f[:100] for f in load.failures))
    assert load.failures == []
    assert min(load.counts.values()) > 20, load.counts
    assert load.counts.keys() == {"publish", "download", "index", "page", "exchange", "revoke"}
    print(load.counts, load.slowest)


@contextmanager
def _two_servers(tmp_path: Path, prepared: Prepared, url: str) -> Iterator[list[Server]]:
    """On one folder of data, as two instances of one unit."""
    data_dir = tmp_path / "data"
    with prepared.copy(data_dir) as database:
        servers = []
        for name in ("one", "two"):
            (tmp_path / name).mkdir()
            server = Server(
                tmp_path / name,
                database=database,
                DATA_DIR=str(data_dir),
                PUBLIC_URL=url,
                TRUSTED_PROXIES="127.0.0.1",
                WEB_WORKERS="1",
            )
            server.url, server.data_dir = url, data_dir
            servers.append(server)
        try:
            for server in servers:
                server.start()
            yield servers
        finally:
            for server in servers:
                server.kill()


@contextmanager
def _load(port: int, token: str, id_token: Callable[[], str]) -> Iterator[Load]:
    load, stop = Load(), threading.Event()

    def note(what: str, answer: Answer, wanted: int = 200) -> Answer:
        load.counts[what] += 1
        if answer.status != wanted:
            load.failures.append(f"{what}: {answer.status} {answer.body[:300]!r}")
        return answer

    def publish(number: int) -> None:
        note("publish", _publish(port, token, f"rolling-{number % 5}", f"1.0.{number}"))

    def read(number: int) -> None:
        path = "/api/v1/crates/rolling-0"
        note("index", ask(port, "/index/ro/ll/rolling-0"))
        note("page", ask(port, path))
        # The address of the file, which only Waybill tells; the file itself is nginx's.
        note("download", ask(port, f"{path}/0.1.0/download", Accept="application/json"))
        note("download", ask(port, f"{path}/0.1.0/download"))

    def exchange(number: int) -> None:
        body = json.dumps({"jwt": id_token()}).encode()
        tokens, kind = "/api/v1/trusted_publishing/tokens", "application/json"
        answer = note("exchange", ask(port, tokens, method="POST", body=body, Content_Type=kind))
        granted = json.loads(answer.body).get("token")
        note("revoke", ask(port, tokens, granted, method="DELETE"), wanted=204)

    def all_the_time(act: Callable[[int], None]) -> None:
        number = 0
        while not stop.is_set():
            number += 1
            began = time.monotonic()
            try:
                act(number)
            except (OSError, ValueError) as error:
                load.failures.append(f"{act.__name__}: {error!r}")
            load.slowest = max(load.slowest, time.monotonic() - began)

    threads = [threading.Thread(target=all_the_time, args=(act,)) for act in (publish, read, exchange)]
    for thread in threads:
        thread.start()
    try:
        yield load
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def _publish(port: int, token: str, name: str, version: str) -> Answer:
    frame = build_frame(metadata_for(name, version), build_crate(name, version))
    return ask(port, "/api/v1/crates/new", token, method="PUT", body=frame)
