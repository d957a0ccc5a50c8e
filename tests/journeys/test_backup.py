"""A registry is copied while it is used, and the copy becomes a registry that agrees."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.journeys.wire import upload_plain
from tests.prepared import Prepared
from tests.server import Server

pytestmark = pytest.mark.slow


def test_a_backup_under_load_restores_to_a_registry_that_agrees(
    running_server: Server, alices_token: str, prepared: Prepared, tmp_path: Path
) -> None:
    # Somebody publishes all the time while the backup is made.
    with _publishing(running_server, alices_token) as published:
        running_server.manage("backup", str(tmp_path / "backup"))
    assert len(published) > 1

    with prepared.copy(tmp_path / "new" / "data") as database:
        # Something is there that is in the way, and is meant to go.
        target = Server(tmp_path / "new", database=database)
        storage = target.data_dir / "storage"
        stray = storage / "crates" / "later" / "later-1.0.0.crate"
        stray.parent.mkdir(parents=True)
        stray.write_bytes(b"later")

        said = target.manage("restore", str(tmp_path / "backup"), "--force")

        # The command has compared database, index and files.
        assert said.endswith("restored; database, index and stored files agree")
        assert not stray.exists()
        assert (storage / "index" / "lo" / "ad" / published[0]).exists()


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
