from datetime import timedelta

import pytest
from django.utils import timezone

from accounts import limits
from accounts.errors import TooManyRequests
from accounts.models import RateWindow

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def hit(subject: str = "someone", limit: int = 3) -> None:
    limits.hit("test", subject, limit=limit, window=DAY, what="tests")


def test_it_refuses_the_attempt_after_the_last_allowed_one() -> None:
    for _ in range(3):
        hit()

    with pytest.raises(TooManyRequests) as refused:
        hit()

    assert refused.value.status == 429
    assert "Too many tests" in refused.value.detail
    assert refused.value.headers["Retry-After"].endswith("GMT")


def test_it_counts_each_subject_alone() -> None:
    for _ in range(3):
        hit()

    hit("someone else")


def test_asking_does_not_count() -> None:
    for _ in range(5):
        limits.check("test", "someone", limit=1, window=DAY, what="tests")

    limits.count("test", "someone", window=DAY)

    with pytest.raises(TooManyRequests):
        limits.check("test", "someone", limit=1, window=DAY, what="tests")


def test_the_store_does_not_see_the_subject() -> None:
    hit("192.0.2.7")

    assert not RateWindow.objects.filter(key__contains="192.0.2.7").exists()


def test_counts_of_past_windows_are_deleted() -> None:
    hit()
    RateWindow.objects.create(key="old", hits=1, ends_at=timezone.now() - timedelta(seconds=1))

    assert limits.delete_old_windows() == 1
    assert not RateWindow.objects.filter(key="old").exists()


def test_an_attempt_can_be_given_back(db: None) -> None:
    one = limits.Limit("test", "someone", 1, DAY, "tests")
    asked = limits.Limit("test", "someone else", 1, DAY, "tests", by=0)
    limits.hit_all([one, asked])

    limits.give_back([one, asked])
    # More than was counted is never given.
    limits.give_back([one, asked])

    limits.hit_all([one, asked])
    with pytest.raises(TooManyRequests):
        limits.hit_all([one, asked])
