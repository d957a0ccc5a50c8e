"""How Django speaks to the database that the environment names."""

from typing import Any

from config.environment import Environment

SQLITE_OPTIONS = {
    # Writers queue for the lock at BEGIN instead of failing in the middle.
    "transaction_mode": "IMMEDIATE",
    "timeout": 30,
    "init_command": (
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -16000"
    ),
}
# Statements are planned once for each connection and not at every call, which is a third of what
# a short one costs.
PREPARED = {
    "server_side_binding": True,
    "prepare_threshold": 2,
    # To compile what is planned as dear takes many times as long as it saves here.
    "options": "-c jit=off",
}


def database_settings(environment: Environment) -> dict[str, Any]:
    """Connections are kept; behind a pooler nothing is, as the next call may meet another."""
    pooled = environment.database_pooler
    on_postgresql = {} if pooled else PREPARED
    return {
        **environment.database,
        "CONN_MAX_AGE": None,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": dict(SQLITE_OPTIONS if environment.on_sqlite else on_postgresql),
        "DISABLE_SERVER_SIDE_CURSORS": pooled,
    }
