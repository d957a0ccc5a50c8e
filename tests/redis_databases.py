"""Which of Redis' sixteen databases is whose: servers that share one take each other's jobs."""

import os
from enum import IntEnum

from redis import Redis

from tests import forks

DATABASES = 16


class Use(IntEnum):
    """The product in the process of a test, the server of all its tests, that of a single one."""

    TESTS = 0
    RUNNING_SERVER = 1
    OWN_SERVER = 2


FORKS = DATABASES // len(Use)


def redis_url(use: Use) -> str | None:
    """The database of this process for that; None without Redis."""
    url = os.environ.get("TEST_REDIS_URL")
    number = DATABASES - 1 - len(Use) * forks.number() - use
    return f"{url.rstrip('/')}/{number}" if url else None


def emptied(use: Use) -> str | None:
    """The same, without the jobs that a killed server has left."""
    url = redis_url(use)
    if url:
        with Redis.from_url(url) as found:
            found.flushdb()
    return url
