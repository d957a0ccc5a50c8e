"""Ports for servers that are started later, or again: each is somebody's until their process ends.

The system hands ports of its ephemeral range to outgoing connections, also while the server of
that port is down. So ours lie beside that range, and the UDP port of the same number is the claim
by which other processes, those of another run too, know that one is taken.
"""

import socket
from pathlib import Path
from random import SystemRandom

EPHEMERAL = Path("/proc/sys/net/ipv4/ip_local_port_range")
# Elsewhere they begin higher than on Linux.
USUALLY_EPHEMERAL = range(32_768, 65_536)
# Below are the ports of known services, some of which browsers refuse to ask.
FIRST, END = 11_000, 65_536
ENOUGH = 1_000
ATTEMPTS = 1_000
HOST = "127.0.0.1"


def free_port() -> int:
    """A TCP port of the loopback address that nobody else is given as long as this process runs."""
    ports = beside(ephemeral())
    # The seeded generator of the tests would begin with the same ones in each process.
    for port in SystemRandom().sample(ports, min(ATTEMPTS, len(ports))):
        with socket.socket() as probe, socket.socket(type=socket.SOCK_DGRAM) as claim:
            try:
                probe.bind((HOST, port))
                claim.bind((HOST, port))
            except OSError:
                continue
            # Open, and nobody's to close, until the process has ended in whatever way.
            claim.detach()
            return port
    raise RuntimeError(f"there is no free port on {HOST}")


def ephemeral() -> range:
    try:
        first, last = map(int, EPHEMERAL.read_text().split())
    except OSError:
        return USUALLY_EPHEMERAL
    return range(first, last + 1)


def beside(taken: range) -> range:
    """Ports out of that range: below, or else above; where neither has room, any."""
    below, above = range(FIRST, taken.start), range(max(FIRST, taken.stop), END)
    return next((part for part in (below, above) if len(part) >= ENOUGH), range(FIRST, END))
