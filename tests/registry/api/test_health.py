from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.utils import timezone

from accounts.models import AuditEvent
from registry.models import IndexChange, JobRun
from tests.factories.registry import make_crate, make_version
from tests.wire import send


def test_the_process_answers_without_asking_anybody() -> None:
    assert send("GET", "/healthz").json() == {"status": "ok"}


@pytest.mark.django_db
def test_it_is_ready() -> None:
    answer = send("GET", "/readyz")

    assert (answer.status_code, answer.json()) == (200, {"status": "ok", "problems": []})


@pytest.mark.django_db
def test_a_storage_that_fails_is_named(settings: LazySettings) -> None:
    settings.STORAGE_URL = "nonsense://"

    answer = send("GET", "/readyz")

    assert (answer.status_code, answer.json()["problems"]) == (503, ["storage"])


@pytest.mark.django_db
def test_a_storage_that_is_in_the_way_is_named(settings: LazySettings, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    settings.STORAGE_URL = f"file://{tmp_path}/file"

    assert send("GET", "/readyz").json()["problems"] == ["storage"]


@pytest.mark.django_db
def test_work_that_nobody_does_is_named() -> None:
    late = timezone.now() - timedelta(minutes=6)
    IndexChange.objects.create(crate_name="demo", created_at=late)

    answer = send("GET", "/readyz")

    # Whoever asks here is served all the same.
    assert (answer.status_code, answer.json()) == (
        200,
        {"status": "degraded", "problems": ["worker"]},
    )


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("sent", "finished", "problems"),
    [
        (1, 1, []),
        (1, 6, ["worker"]),
        (6, 6, ["worker", "clock"]),
        (6, 1, ["clock"]),
        (6, None, ["worker", "clock"]),
        (1, None, []),
    ],
)
def test_a_worker_or_a_clock_that_was_there_and_is_silent_is_named(
    sent: int, finished: int | None, problems: list[str]
) -> None:
    now = timezone.now()
    JobRun.objects.create(
        job="registry.sweep_index",
        sent_at=now - timedelta(minutes=sent),
        finished_at=finished and now - timedelta(minutes=finished),
    )

    answer = send("GET", "/readyz")

    assert (answer.status_code, answer.json()["problems"]) == (200, problems)
    text = send("GET", "/metrics").content.decode()
    assert f"waybill_worker_late {float('worker' in problems)}" in text
    assert f"waybill_clock_late {float('clock' in problems)}" in text


@pytest.mark.django_db
@pytest.mark.parametrize(("minutes", "problems"), [(1, []), (6, ["worker", "clock"])])
def test_a_worker_and_a_clock_that_never_came_are_named(minutes: int, problems: list[str]) -> None:
    at = timezone.now() - timedelta(minutes=minutes)
    AuditEvent.objects.create(name="user.created", actor_kind="system", at=at)

    assert send("GET", "/readyz").json()["problems"] == problems


@pytest.mark.django_db
def test_metrics_count_what_there_is() -> None:
    make_version(make_crate("demo"))

    text = send("GET", "/metrics").content.decode()

    assert "waybill_crates 1.0" in text
    assert 'waybill_versions_by_publish_kind{kind="api_token"} 1.0' in text
