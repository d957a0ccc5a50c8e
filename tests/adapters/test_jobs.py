from collections.abc import Iterator

import pytest
from celery import Celery
from celery.app import app_or_default
from django.db import transaction

from adapters.jobs import UnknownTask, after_commit

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def app() -> Iterator[Celery]:
    """A Celery application of our own, with a queue in this process."""
    previous = app_or_default()
    app = Celery("tests", broker="memory://", set_as_current=True)
    yield app
    previous.set_current()


@pytest.fixture
def done(app: Celery) -> list[tuple[int | str, ...]]:
    """What the task `tests.note` was called with; it runs at once."""
    calls: list[tuple[int | str, ...]] = []
    app.conf.task_always_eager = True

    @app.task(name="tests.note", shared=False)
    def note(*args: int | str) -> None:
        calls.append(args)

    return calls


def test_it_queues_after_the_commit(done: list[tuple[int | str, ...]]) -> None:
    with transaction.atomic():
        after_commit("tests.note", 7, "serde")
        before = list(done)

    assert before == []
    assert done == [(7, "serde")]


def test_it_queues_at_once_without_a_transaction(done: list[tuple[int | str, ...]]) -> None:
    after_commit("tests.note", 7)

    assert done == [(7,)]


def test_it_queues_nothing_after_a_rollback(done: list[tuple[int | str, ...]]) -> None:
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        after_commit("tests.note", 7)
        raise ZeroDivisionError

    assert done == []


def test_it_refuses_an_unknown_task_at_once(app: Celery) -> None:
    with transaction.atomic(), pytest.raises(UnknownTask, match=r"'tests\.mispelt'"):
        after_commit("tests.mispelt", 7)


def test_a_broker_that_is_down_harms_nobody(app: Celery, caplog: pytest.LogCaptureFixture) -> None:
    app.conf.update(broker_url="redis://127.0.0.1:1/0")

    @app.task(name="tests.note", shared=False)
    def note(number: int) -> None:
        raise AssertionError("nothing is queued, so nothing runs")

    with transaction.atomic():
        after_commit("tests.note", 7)

    assert "Could not queue tests.note(7,)" in caplog.text
