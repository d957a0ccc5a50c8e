"""Publishes that come at the same moment take a token each."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection
from pytest_django import Settings

from accounts.models import User
from registry.actors import Person
from registry.errors import TooManyChanges
from registry.models import LimitedAction, RateBucket
from registry.operations.rate_limits import take_token
from tests.conftest import person

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
AT_ONCE = 8


def test_as_many_pass_as_the_burst_says(settings: Settings) -> None:
    settings.RATE_LIMITS = {"publish-new": (5, 3600)}
    alice = person("alice")

    with ThreadPoolExecutor(AT_ONCE) as pool:
        passed = list(pool.map(_takes, [alice] * AT_ONCE))

    assert passed.count(True) == 5
    assert RateBucket.objects.get().tokens == 0


def _takes(user: User) -> bool:
    try:
        take_token(Person(user), LimitedAction.PUBLISH_NEW, "one")
    except TooManyChanges:
        return False
    else:
        return True
    finally:
        connection.close()
