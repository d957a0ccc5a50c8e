"""Ports of tests (tests/ports.py): nobody else's, and no outgoing connection's."""

import socket
import subprocess
import sys

import pytest

from tests.ports import FIRST, HOST, beside, ephemeral, free_port
from tests.server import ROOT

TEN = """
from tests.ports import free_port
print(*(free_port() for _ in range(10)), flush=True)
input()
"""


@pytest.mark.parametrize(
    ("taken", "free"),
    [
        (range(32_768, 61_000), range(FIRST, 32_768)),
        (range(1024, 60_001), range(60_001, 65_536)),
        (range(1024, 65_536), range(FIRST, 65_536)),
    ],
)
def test_ports_lie_beside_those_of_outgoing_connections(taken: range, free: range) -> None:
    assert beside(taken) == free


def test_outgoing_connections_have_none_of_ours() -> None:
    with (
        socket.create_server((HOST, 0)) as server,
        socket.create_connection(server.getsockname()) as client,
    ):
        assert client.getsockname()[1] in ephemeral()
    assert free_port() in beside(ephemeral())


def test_a_port_is_free_for_a_server_and_taken_for_other_processes() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", TEN], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdin
        assert other.stdout
        theirs = set(map(int, other.stdout.readline().split()))
        assert len(theirs) == 10
        for port in theirs:
            with (
                socket.socket(type=socket.SOCK_DGRAM) as claim,
                pytest.raises(OSError, match="in use"),
            ):
                claim.bind((HOST, port))
            # Their servers may listen there.
            socket.create_server((HOST, port)).close()
        other.stdin.close()
