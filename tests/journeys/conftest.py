"""Who acts in the journeys: Alice has an account on the running server, and cargo knows it."""

import pytest

from tests.cargo import Cargo
from tests.server import Server


@pytest.fixture(scope="session")
def alices_token(running_server: Server) -> str:
    """Alice may do anything with her crates."""
    running_server.manage("create_user", "alice", "--email", "alice@example.com")
    return running_server.manage("create_token", "alice", "laptop", "--never")


@pytest.fixture
def registry_cargo(cargo: Cargo, running_server: Server) -> Cargo:
    """A fresh cargo that has heard of the running server and of nothing else."""
    cargo.use(running_server.index)
    return cargo
