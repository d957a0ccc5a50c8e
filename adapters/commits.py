"""Commits whose loss in a power failure does no harm, so that nobody waits for the disk."""

from django.db import connection

# Behind a statement on PostgreSQL that changes rows, see below.
AND_COMMIT_SOON = "RETURNING set_config('synchronous_commit', 'off', true)"


def committed_soon(sql: str) -> str:
    """The statement, as one whose transaction PostgreSQL makes durable a moment after its commit.

    It holds for the whole transaction, which must do nothing else. SQLite knows no such choice.
    """
    if connection.vendor != "postgresql":
        return sql
    return f"{sql} {AND_COMMIT_SOON}"
