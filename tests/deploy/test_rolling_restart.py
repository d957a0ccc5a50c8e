"""Two servers behind nginx are restarted one after the other, and nobody who uses them notices."""

import http.client
import json
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from demo.issuer import LocalIssuer
from tests.ci import IDS
from tests.deploy.nginx import NGINX, Answer, ask, nginx
from tests.factories.archives import build_crate, build_frame, metadata_for
from tests.factories.id_tokens import signing_key
from tests.ports import free_port
from tests.prepared import Prepared
from tests.server import Server

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

TOKENS = "/api/v1/trusted_publishing/tokens"
# It stands still for nobody, but two cores start a server beside all of it.
SECONDS_THAT_NOBODY_MINDS = 30
# What everybody has done so often by the end.
KINDS = ("publish", "download", "index", "page", "exchange", "revoke")
ENOUGH = 10
SECONDS_TO_HAVE_ENOUGH = 120

pytestmark = [
    pytest.mark.slow,
    pytest.mark.once,
    pytest.mark.skipif(not NGINX, reason="the program nginx is not here (apt: nginx-light)"),
]


@dataclass
class Load:
    """Who uses a registry all the time, how often, and every answer that should not have been."""

    port: int
    token: str
    id_token: Callable[[], str]
    counts: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    slowest: float = 0.0

    def publish(self, number: int) -> None:
        name, version = f"rolling-{number % 5}", f"1.0.{number}"
        frame = build_frame(metadata_for(name, version), build_crate(name, version))
        self._ask("publish", "/api/v1/crates/new", self.token, method="PUT", body=frame)

    def read(self, number: int) -> None:
        crate = "/api/v1/crates/rolling-0"
        self._ask("index", "/index/ro/ll/rolling-0")
        self._ask("page", crate)
        # The address of the file, which only Waybill tells; the file itself is nginx's.
        self._ask("download", f"{crate}/1.0.0/download", Accept="application/json")
        self._ask("download", f"{crate}/1.0.0/download")

    def exchange(self, number: int) -> None:
        body = json.dumps({"jwt": self.id_token()}).encode()
        kind = "application/json"
        answer = self._ask("exchange", TOKENS, method="POST", body=body, Content_Type=kind)
        granted = json.loads(answer.body).get("token")
        self._ask("revoke", TOKENS, granted, method="DELETE", wanted=204)

    def _ask(
        self, what: str, path: str, token: str | None = None, *, wanted: int = 200, **more: Any
    ) -> Answer:
        began = time.monotonic()
        answer = ask(self.port, path, token, **more)
        self.slowest = max(self.slowest, time.monotonic() - began)
        self.counts[what] += 1
        if answer.status != wanted:
            self.failures.append(f"{what}: {answer.status} {answer.body[:300]!r}")
        return answer

    def is_enough(self) -> bool:
        return all(self.counts[kind] > ENOUGH for kind in KINDS)

    @contextmanager
    def going_on(self) -> Iterator[None]:
        stop = threading.Event()

        def all_the_time(act: Callable[[int], None]) -> None:
            number = 0
            while not stop.is_set():
                number += 1
                try:
                    act(number)
                except (OSError, http.client.HTTPException, ValueError) as error:
                    self.failures.append(f"{act.__name__}: {error!r}")

        acts = (self.publish, self.read, self.exchange)
        threads = [threading.Thread(target=all_the_time, args=(act,)) for act in acts]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            stop.set()
            for thread in threads:
                thread.join()


def test_a_rolling_restart_fails_no_request(
    tmp_path: Path, prepared: Prepared, systemd: socket.socket
) -> None:
    port = free_port()
    address = f"127.0.0.1:{port}"
    with (
        LocalIssuer(key=signing_key()) as ci,
        _two_servers(tmp_path, prepared, f"https://{address}", systemd.getsockname()) as servers,
        nginx(
            tmp_path,
            {"waybill.conf": port},
            upstream=[server.port for server in servers],
            data_dir=servers[0].data_dir,
        ),
    ):
        for _ in servers:
            assert systemd.recv(100) == b"READY=1"
        prepare = PREPARE.format(issuer=ci.url, fields=FIELDS)
        token = servers[0].manage("shell", "-v0", "-c", prepare)
        load = Load(port, token, lambda: ci.github_token(address))
        load.publish(0)

        with load.going_on():
            for server in servers:
                time.sleep(1)
                assert server.stop() == 0
                server.start()
                # Only then systemd goes on to the next.
                assert systemd.recv(100) == b"READY=1"
            deadline = time.monotonic() + SECONDS_TO_HAVE_ENOUGH
            while not load.is_enough() and time.monotonic() < deadline:
                time.sleep(0.1)

    assert load.failures == []
    assert load.is_enough(), load.counts
    assert load.slowest < SECONDS_THAT_NOBODY_MINDS


@pytest.fixture
def systemd() -> Iterator[socket.socket]:
    """Where a unit of the type `notify` says that it is ready."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        # The kernel chooses an abstract address.
        listening.bind("")
        listening.settimeout(120)
        yield listening


@contextmanager
def _two_servers(
    tmp_path: Path, prepared: Prepared, url: str, systemd: bytes
) -> Iterator[list[Server]]:
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
                NOTIFY_SOCKET=systemd.decode().replace("\0", "@"),
            )
            server.url, server.data_dir = url, data_dir
            servers.append(server)
        try:
            with ThreadPoolExecutor(2) as pool:
                list(pool.map(Server.start, servers))
            yield servers
        finally:
            for server in servers:
                server.kill()
