"""A clock that stands still, for the last moment of something and the first moment after."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from types import SimpleNamespace
from unittest import mock

from allauth.mfa.totp.internal import auth


@contextmanager
def clock_at(moment: datetime) -> Iterator[None]:
    """Django's clock, which everything of ours asks, shows `moment`, and that of codes too."""
    codes = SimpleNamespace(time=moment.timestamp)
    with (
        mock.patch("django.utils.timezone.now", return_value=moment),
        mock.patch.object(auth, "time", codes),
    ):
        yield
