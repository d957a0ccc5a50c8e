"""A clock that stands still, for the last moment of something and the first moment after."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from unittest import mock


@contextmanager
def clock_at(moment: datetime) -> Iterator[None]:
    """Django's clock, which everything of ours asks, shows `moment`."""
    with mock.patch("django.utils.timezone.now", return_value=moment):
        yield
