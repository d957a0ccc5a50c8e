"""A server that is killed at any moment loses nothing that it has confirmed."""

import hashlib
import http.client
import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from subprocess import CalledProcessError

import pytest

from registry.formats.names import index_path
from tests.factories.archives import build_crate, build_frame, metadata_for
from tests.journeys.wire import ask, index_lines, upload
from tests.server import Server

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

# On SQLite, and as many other moments on PostgreSQL.
KILLS = 3
UPLOADERS = 4
# The clock sweeps each 15 seconds.
SECONDS_TO_SWEEP = 60
ORPHAN = "no such version (left by an upload that was never committed)"


@dataclass(frozen=True)
class Upload:
    name: str
    num: str
    checksum: str
    frame: bytes


def test_a_killed_server_keeps_what_it_confirmed(own_server: Server) -> None:
    server = own_server
    server.manage("create_user", "alice", "--email", "alice@example.com")
    token = server.manage("create_token", "alice", "laptop")
    moments = random.Random(f"20261121 {'DATABASE_URL' in server.environment}")
    # Of two first versions at once one is refused, so the shared crate has one already.
    attempted = [_upload(UPLOADERS, "0.0.0")]
    assert upload(server.url, token, attempted[0].frame).status == 200
    confirmed = [*attempted]

    # Several people publish at once, each a crate of their own and versions of a shared one, and
    # in the middle of it every process is killed.
    for round_number in range(KILLS):
        confirmed += _publish_until_killed(
            server, token, round_number, moments.uniform(0.05, 1.2), attempted
        )
        server.start()
        _nothing_is_listed_without_its_file(server, attempted)
    assert confirmed

    # What was answered with 200 is all there, after the first sweep at the latest in all places.
    _wait_for_sweep(server)
    for done in confirmed:
        address = f"{server.url}/api/v1/crates/{done.name}/{done.num}"
        assert ask("GET", address).json["version"]["checksum"] == done.checksum
        assert hashlib.sha256(ask("GET", f"{address}/download").body).hexdigest() == done.checksum
        lines = index_lines(server.url, index_path(done.name))
        [line] = [line for line in lines if line["vers"] == done.num]
        assert line["cksum"] == done.checksum
    _nothing_is_listed_without_its_file(server, attempted)
    assert all(problem.endswith(ORPHAN) for problem in _differences(server))

    # And what was interrupted can be published again, under the same number.
    lost = [one for one in attempted if one not in confirmed]
    for one in lost[:UPLOADERS]:
        assert upload(server.url, token, one.frame).status in (200, 400)
        answer = ask("GET", f"{server.url}/api/v1/crates/{one.name}/{one.num}/download")
        assert hashlib.sha256(answer.body).hexdigest() == one.checksum


def _publish_until_killed(
    server: Server, token: str, round_number: int, delay: float, attempted: list[Upload]
) -> list[Upload]:
    """Kills the server after so many seconds; answers what it had confirmed until then."""
    confirmed: list[Upload] = []
    is_killed = threading.Event()

    def publish_on_and_on(person: int) -> None:
        for number in range(10_000):
            if is_killed.is_set():
                return
            one = _upload(person, f"{round_number}.{number}.{person}")
            attempted.append(one)
            try:
                answer = upload(server.url, token, one.frame)
            except (OSError, http.client.HTTPException):
                return
            assert answer.status == 200, answer
            confirmed.append(one)

    with ThreadPoolExecutor(UPLOADERS) as pool:
        running = [pool.submit(publish_on_and_on, person) for person in range(UPLOADERS)]
        time.sleep(delay)
        server.fail()
        is_killed.set()
        for future in running:
            future.result()
    return confirmed


def _upload(person: int, num: str) -> Upload:
    """Everybody's own crate, except that the last two persons share one."""
    name = f"swim-{min(person, UPLOADERS - 2)}"
    archive = build_crate(name, num, files={"src/lib.rs": b"", "noise": _noise(num)})
    frame = build_frame(metadata_for(name, num), archive)
    return Upload(name, num, hashlib.sha256(archive).hexdigest(), frame)


def _noise(num: str) -> bytes:
    """Enough that writing it takes a moment."""
    return random.Random(num).randbytes(200_000)


def _nothing_is_listed_without_its_file(server: Server, attempted: list[Upload]) -> None:
    sums = {(one.name, one.num): one.checksum for one in attempted}
    for name in {one.name for one in attempted}:
        for line in index_lines(server.url, index_path(name)):
            num = line["vers"]
            archive = ask("GET", f"{server.url}/api/v1/crates/{name}/{num}/download")
            found = hashlib.sha256(archive.body).hexdigest()
            assert line["cksum"] == found == sums[name, num], (name, num)


def _wait_for_sweep(server: Server) -> None:
    """Until the index is what the database says."""
    deadline = time.monotonic() + SECONDS_TO_SWEEP
    while True:
        try:
            server.manage("rebuild_index", "--check")
        except CalledProcessError as error:
            assert time.monotonic() < deadline, error.stdout
            time.sleep(2)
        else:
            return


def _differences(server: Server) -> list[str]:
    try:
        server.manage("verify_storage")
    except CalledProcessError as error:
        return str(error.stdout).splitlines()
    return []
