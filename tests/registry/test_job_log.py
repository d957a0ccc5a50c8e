from datetime import timedelta

import pytest
from celery import current_app, signals
from django.conf import LazySettings
from django.test import Client
from django.utils import timezone

from accounts.operations.people import create_user, make_administrator
from registry.actors import System
from registry.models import JobRun
from registry.operations.job_runs import claim
from registry.queries.timetable import TimetableEntry, jobs, timetable
from tests.wire import send

pytestmark = pytest.mark.django_db
SWEEP = "registry.sweep_index"


def run(job: str) -> None:
    """As the worker runs it."""
    current_app.tasks[job].apply(throw=False)


def test_every_job_of_the_timetable_runs_twice_and_leaves_one_row() -> None:
    for _ in range(2):
        for job in jobs():
            run(job)

    assert set(JobRun.objects.values_list("job", "runs", "failures", "succeeded")) == {
        (job, 2, 0, True) for job in jobs()
    }
    sweep = JobRun.objects.get(job=SWEEP)
    assert sweep.result == "0 index files written"
    assert sweep.started_at
    assert sweep.finished_at
    assert sweep.started_at <= sweep.finished_at


def test_a_run_that_fails_keeps_when_it_last_went_well(settings: LazySettings) -> None:
    run("registry.fold_downloads")
    well = JobRun.objects.get(job="registry.fold_downloads").succeeded_at

    settings.DOWNLOADS_DIR = None
    run("registry.fold_downloads")

    failed = JobRun.objects.get(job="registry.fold_downloads")
    # The kind of error alone: its text may repeat what nobody else should read.
    assert (failed.succeeded, failed.result, failed.failures) == (False, "AttributeError", 1)
    assert failed.failed_at
    assert failed.succeeded_at == well


def test_of_two_clocks_one_sends_a_rare_job_and_both_a_frequent_one() -> None:
    assert [claim("trustpub.expire"), claim("trustpub.expire")] == [True, False]
    assert [claim(SWEEP), claim(SWEEP)] == [True, True]

    JobRun.objects.filter(job="trustpub.expire").update(sent_at=timezone.now() - timedelta(hours=1))
    assert [claim("trustpub.expire"), claim("trustpub.expire")] == [True, False]


def test_what_is_not_in_the_timetable_leaves_no_row() -> None:
    run("trustpub.refresh_key_set")
    signals.before_task_publish.send(sender="trustpub.refresh_key_set")

    assert not JobRun.objects.exists()


def test_a_job_that_was_sent_and_never_ended_has_a_row() -> None:
    signals.before_task_publish.send(sender="trustpub.clean_up")

    row = JobRun.objects.get()
    assert row.sent_at
    assert row.finished_at is None


@pytest.mark.parametrize(("minutes", "late"), [(124, False), (126, True)])
def test_a_job_is_late_after_two_periods_and_some_minutes(minutes: int, late: bool) -> None:
    now = timezone.now()
    row = JobRun(job=SWEEP, finished_at=now - timedelta(minutes=minutes))

    assert TimetableEntry(SWEEP, "", timedelta(hours=1), row).is_late(now) is late
    assert not any(entry.is_late(now) for entry in timetable())


def test_administrators_see_the_timetable(client: Client) -> None:
    run(SWEEP)
    run("trustpub.refresh_key_sets")
    ada = create_user(actor=System("tests"), login="ada")
    make_administrator(actor=System("tests"), user=ada, password="long enough")
    client.force_login(ada)

    page = send("GET", "/admin/registry/jobrun/", client=client).content.decode()

    assert "sweep the index outbox" in page
    assert "0 index files written" in page
    # Also what has never been sent.
    assert "tell of tokens that expire" in page
    assert page.count("has not run yet") == len(jobs()) - 2
    assert "Add job run" not in page


def test_metrics_tell_of_every_job() -> None:
    run(SWEEP)

    text = send("GET", "/metrics").content.decode()

    assert f'waybill_job_late{{task="{SWEEP}"}} 0.0' in text
    assert f'waybill_job_failures_total{{task="{SWEEP}"}} 0.0' in text
    assert 'waybill_job_last_success_timestamp_seconds{task="trustpub.expire"} 0.0' in text
