"""A registry is copied while it is used, and the copy becomes a registry that agrees."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.journeys.wire import upload_plain
from tests.prepared import Prepared
from tests.server import Server

pytestmark = pytest.mark.slow
SECONDS_TO_PUBLISH = 120


def test_a_backup_under_load_restores_to_a_registry_that_agrees(
    running_server: Server, alices_token: str, prepared: Prepared, tmp_path: Path
) -> None:
    # Somebody publishes all the time while the backup is made.
    with _publishing(running_server, alices_token) as published:
        _wait_for(published, 2)
        running_server.manage("backup", str(tmp_path / "backup"))
        _wait_for(published, 3)

    with prepared.copy(tmp_path / "new" / "data") as database:
        # Something is there that is in the way, and is meant to go.
        target = Server(tmp_path / "new", database=database)
        storage = target.data_dir / "storage"
        stray = storage / "crates" / "later" / "later-1.0.0.crate"
        stray.parent.mkdir(parents=True)
        stray.write_bytes(b"later")

        try:
            said = target.manage("restore", str(tmp_path / "backup"), "--force")
        finally:
            target.kill()

        # The command has compared database, index and files.
        assert said.endswith("restored; database, index and stored files agree")
        assert not stray.exists()
        assert (storage / "index" / "lo" / "ad" / published[0]).exists()


def _wait_for(published: list[str], number: int) -> None:
    deadline = time.monotonic() + SECONDS_TO_PUBLISH
    while len(published) < number:
        assert time.monotonic() < deadline, published
        time.sleep(0.01)


@contextmanager
def _publishing(server: Server, token: str) -> Iterator[list[str]]:
    published: list[str] = []
    stop = threading.Event()

    def publish_all_the_time() -> None:
        while not stop.is_set():
            name = f"load-{len(published)}"
            assert upload_plain(server.url, token, name).status == 200
            published.append(name)

    thread = threading.Thread(target=publish_all_the_time)
    thread.start()
    try:
        yield published
    finally:
        stop.set()
        thread.join()
