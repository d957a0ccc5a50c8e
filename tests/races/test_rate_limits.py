"""Publishes that come at the same moment take a token each, and limits are counted by all."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from pytest_django import Settings

from accounts import limits
from accounts.limits import Limit
from accounts.models import RateWindow, User
from registry.actors import Person
from registry.errors import TooManyChanges
from registry.models import LimitedAction, RateBucket
from registry.operations.rate_limits import take_token
from tests.conftest import person
from tests.races.together import at_once

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
AT_ONCE = 8


def test_as_many_pass_as_the_burst_says(settings: Settings) -> None:
    settings.RATE_LIMITS = {"publish-new": (5, 3600)}
    alice = person("alice")

    with ThreadPoolExecutor(AT_ONCE) as pool:
        passed = list(pool.map(_takes, [alice] * AT_ONCE))

    assert passed.count(True) == 5
    assert RateBucket.objects.get().tokens == 0


@pytest.mark.postgres
def test_who_counts_and_who_gives_back_do_not_block_each_other(settings: Settings) -> None:
    settings.REDIS_LIMITS = False
    both = [Limit(name, "a", 10**9, timedelta(days=1), "attempts") for name in ("first", "second")]
    # In the other order than by their keys, which is how they lie in the table.
    for limit in reversed(both):
        limits.hit_all([limit])

    def work(number: int) -> None:
        for _ in range(200):
            limits.hit_all(both)
            limits.give_back(both)

    at_once(AT_ONCE, work)

    assert [row.hits for row in RateWindow.objects.all()] == [1, 1]


def _takes(user: User) -> bool:
    try:
        take_token(Person(user), LimitedAction.PUBLISH_NEW, "one")
    except TooManyChanges:
        return False
    else:
        return True
    finally:
        connection.close()
