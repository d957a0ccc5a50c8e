import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.environment import read_environment
from config.environment_values import InvalidEnvironment
from config.serve import _reserve_port
from tests.config.test_slow_bodies import answer_of, opened
from tests.conftest import serving
from tests.prepared import Prepared
from tests.server import ROOT, Server

pytestmark = [pytest.mark.slow, pytest.mark.once]
# Below granian's limit for web processes that hang.
QUICKLY = 14


@pytest.fixture
def command(tmp_path: Path, prepared: Prepared) -> Iterator[Server]:
    """A server of its own that is no fork, each time that it starts."""
    yield from serving(tmp_path, prepared, from_scratch=True)


def serve(server: Server, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "config.serve"],
        cwd=ROOT,
        env={**server.environment, **more},
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )


def children_of(server: Server) -> dict[str, int]:
    """The process ids of the parts, by name."""
    assert server.process is not None
    parent = server.process.pid
    found = {}
    for pid in Path(f"/proc/{parent}/task/{parent}/children").read_text().split():
        name = Path(f"/proc/{pid}/comm").read_text().strip()
        found[name.removeprefix("waybill-")] = int(pid)
    return found


def test_a_taken_port_is_one_clear_line(tmp_path: Path) -> None:
    server = Server(tmp_path)

    with socket.create_server(("127.0.0.1", server.port)):
        done = serve(server)

    assert done.returncode == 1
    assert done.stderr.startswith(f"PORT: 127.0.0.1:{server.port} cannot be listened on")
    assert done.stderr.count("\n") == 1


def test_a_server_that_is_starting_has_its_port_already(tmp_path: Path) -> None:
    server = Server(tmp_path)
    environment = read_environment({**server.environment, "SECRET_KEY": "secret"})

    with _reserve_port(environment):
        with pytest.raises(InvalidEnvironment, match=r"PORT: .*Address already in use"):
            _reserve_port(environment)
        # What granian does, which then gets every connection.
        address = ("127.0.0.1", server.port)
        with (
            socket.create_server(address, reuse_port=True) as listening,
            socket.create_connection(address, 60),
        ):
            listening.accept()[0].close()

    _reserve_port(environment).close()


def test_a_second_server_on_the_same_port_does_not_start(
    running_server: Server, tmp_path: Path
) -> None:
    second = Server(tmp_path)

    done = serve(second, PORT=str(running_server.port))

    assert done.returncode == 1
    assert done.stderr.startswith(f"PORT: 127.0.0.1:{running_server.port} cannot be listened on")
    assert done.stderr.count("\n") == 1
    assert running_server.answers()


@pytest.mark.parametrize(
    ("variable", "value"), [("PORT", "http"), ("DATABASE_URL", "mysql://x/y"), ("HOST", "no.such")]
)
def test_a_wrong_variable_is_one_clear_line(tmp_path: Path, variable: str, value: str) -> None:
    # Without DEV_LOGIN, which objects to strange hosts first.
    done = serve(Server(tmp_path), **{"DEV_LOGIN": "0", variable: value})

    assert done.returncode == 1
    assert done.stderr.startswith(f"{variable}: ")
    assert done.stderr.count("\n") == 1


@pytest.mark.timeout(300)
def test_it_starts_again_however_it_ended(command: Server) -> None:
    command.manage("create_user", "alice")

    assert command.stop() == 0
    command.start()
    # As a terminal does with Ctrl-C.
    _signal_whole_group(command, signal.SIGINT)
    command.start()
    # As a power failure does.
    command.fail()
    command.start()

    assert command.output().count(f"Waybill serves {command.url}") == 4
    assert "alice" in command.manage("shell", "-v0", "-c", LIST_USERS)
    # As systemd does at a stop.
    _signal_whole_group(command, signal.SIGTERM)
    assert "Traceback" not in command.output()


def _signal_whole_group(server: Server, number: signal.Signals) -> None:
    assert server.process is not None
    os.killpg(server.process.pid, number)
    assert server.process.wait(QUICKLY) == 0
    assert not server.answers()


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
@pytest.mark.parametrize("part", ["web", "worker"])
def test_a_part_that_dies_takes_the_other_along(own_server: Server, part: str) -> None:
    assert own_server.process is not None

    os.kill(children_of(own_server)[part], signal.SIGKILL)

    assert own_server.process.wait(100) == 1
    assert f"the {part} process ended unexpectedly" in own_server.output()
    assert not own_server.answers()


def test_two_servers_share_a_folder_each_with_its_own_limits(
    running_server: Server, tmp_path: Path
) -> None:
    second = Server(tmp_path, DATA_DIR=str(running_server.data_dir), BODY_TIMEOUT="1")
    try:
        second.start()

        assert second.answers()
        assert running_server.answers()
        # More bodies that do not come than the server has threads.
        clients = [opened(second, "POST /api/v1/trusted_publishing/tokens") for _ in range(20)]
        # Nobody else waits for them.
        assert second.answers()
        assert {answer_of(client) for client in clients} == {
            (408, "request_timeout"),
            (503, "server_busy"),
        }
    finally:
        second.kill()


LIST_USERS = (
    "from accounts.models import User; print(*User.objects.values_list('login', flat=True))"
)
