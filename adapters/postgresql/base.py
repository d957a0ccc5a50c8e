"""The name that Django looks for in a database backend."""

import select

from django.db.backends.postgresql import base


class DatabaseWrapper(base.DatabaseWrapper):
    """Django asks `SELECT 1` before each request whether a kept connection is still there.

    A server that has gone leaves the end of the stream behind, which shows without a question.
    """

    def is_usable(self) -> bool:
        if self.connection is None or self.connection.closed:
            return False
        poll = select.poll()
        poll.register(self.connection.pgconn.socket, select.POLLIN)
        # Something to read may be a notice as well as the end.
        return not poll.poll(0) or bool(super().is_usable())
