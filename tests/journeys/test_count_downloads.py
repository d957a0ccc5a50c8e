"""A server that is killed at any moment counts every download that it has answered, once."""

import http.client
import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.journeys.wire import ask, upload_plain
from tests.server import Server

# What folding does to rows at the same time, tests/races tries on PostgreSQL.
pytestmark = [pytest.mark.slow, pytest.mark.once, pytest.mark.timeout(300)]

KILLS = 2
CARGOS = 3
FOLD = "from registry.operations.count_downloads import fold_spool; fold_spool()"


def test_a_killed_server_counts_what_it_answered(own_server: Server) -> None:
    server = own_server
    server.manage("create_user", "alice", "--email", "alice@example.com")
    token = server.manage("create_token", "alice", "laptop")
    assert upload_plain(server.url, token, "tide").status == 200
    moments = random.Random(20261121)

    # Several cargos download, a browser looks on, and in the middle of it every process is killed.
    asked = answered = 0
    for _ in range(KILLS):
        one, other = _download_until_killed(server, moments.uniform(0.2, 1.0))
        asked, answered = asked + one, answered + other
        server.start()
        server.manage("shell", "-c", FOLD)

    # A request that was under way may have been counted before its answer was lost.
    assert answered
    api = f"{server.url}/api/v1/crates/tide"
    crate = ask("GET", api, headers={"User-Agent": "tests"}).json["crate"]
    assert answered <= crate["downloads"] <= asked
    assert crate["recent_downloads"] == crate["downloads"]
    days = ask("GET", f"{api}/downloads").json["version_downloads"]
    assert sum(day["downloads"] for day in days) == crate["downloads"]

    # Nothing is left, so another fold changes nothing.
    server.manage("shell", "-c", FOLD)
    assert ask("GET", api).json["crate"]["downloads"] == crate["downloads"]
    assert list((server.data_dir / "downloads").iterdir()) == []


def _download_until_killed(server: Server, delay: float) -> tuple[int, int]:
    """How many downloads the cargos asked for, and how many they got."""
    is_killed, has_answered = threading.Event(), threading.Event()
    address = f"{server.url}/api/v1/crates/tide/0.1.0/download"

    def download_on_and_on(agent: str) -> tuple[int, int]:
        asked = answered = 0
        while not is_killed.is_set():
            asked += 1
            try:
                answer = ask("GET", address, headers={"User-Agent": agent})
            except (OSError, http.client.HTTPException):
                break
            assert answer.status == 200
            answered += 1
            has_answered.set()
        return asked, answered

    with ThreadPoolExecutor(CARGOS + 1) as pool:
        cargos = [pool.submit(download_on_and_on, "cargo/1.90.0") for _ in range(CARGOS)]
        browser = pool.submit(download_on_and_on, "Mozilla/5.0")
        assert has_answered.wait(60)
        time.sleep(delay)
        server.fail()
        is_killed.set()
        browser.result()
        results = [cargo.result() for cargo in cargos]
    return sum(asked for asked, _ in results), sum(answered for _, answered in results)
