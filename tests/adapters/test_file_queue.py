from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from kombu import Connection

from config.queue import filesystem_broker


@pytest.fixture
def name() -> str:
    """A new one each time: kombu remembers in the process which queues are bound."""
    return f"letters-{uuid4()}"


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[Connection]:
    options = filesystem_broker(tmp_path)
    with Connection(transport="adapters.file_queue:Transport", transport_options=options) as open_:
        yield open_


def test_messages_come_in_the_order_in_which_they_were_sent(
    connection: Connection, name: str
) -> None:
    queue = connection.SimpleQueue(name)

    for number in range(5):
        queue.put(number)

    assert [queue.get(timeout=60).payload for _ in range(5)] == list(range(5))


@pytest.mark.parametrize("content", ["", '{"body": "ha'])
def test_half_a_message_is_dropped_and_the_next_one_read(
    connection: Connection, tmp_path: Path, name: str, content: str
) -> None:
    queue = connection.SimpleQueue(name)
    (tmp_path / "queue" / "messages" / f"000_half.{name}.msg").write_text(content)

    queue.put("whole")

    assert queue.get(timeout=60).payload == "whole"


def test_half_a_table_of_queues_is_written_anew(
    connection: Connection, tmp_path: Path, name: str
) -> None:
    (tmp_path / "queue" / "control" / f"{name}.exchange").write_text("[[")
    queue = connection.SimpleQueue(name)

    queue.put("whole")

    assert queue.get(timeout=60).payload == "whole"


def test_an_unfinished_file_is_no_message(
    connection: Connection, tmp_path: Path, name: str
) -> None:
    queue = connection.SimpleQueue(name)
    (tmp_path / "queue" / "messages" / f".000.{name}.msg").write_text("{}")

    with pytest.raises(queue.Empty):
        queue.get(block=False)
