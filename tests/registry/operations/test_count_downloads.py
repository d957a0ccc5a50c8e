import logging
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.conf import LazySettings
from pytest_django import DjangoAssertNumQueries

from registry.models import CountedFile, Crate, DownloadTotals, VersionDownload
from registry.operations import count_downloads as operation
from registry.operations.count_downloads import Counted, fold_spool, note_download
from registry.tasks import fold_downloads
from tests.factories.downloads import all_counts_agree, count_lines, days_ago, log_line, today
from tests.factories.registry import make_crate, make_version

pytestmark = pytest.mark.django_db


@pytest.fixture
def tide() -> Crate:
    crate = make_crate("Tide-Pool")
    for num in ("1.0.0", "2.0.0+b"):
        make_version(crate, num)
    return crate


def by_day(crate: Crate) -> list[tuple[str, int, int]]:
    """Number, days ago, and downloads."""
    rows = VersionDownload.objects.filter(version__crate=crate).select_related("version")
    return sorted((row.version.num, (today() - row.date).days, row.downloads) for row in rows)


def test_what_was_noted_is_in_every_count(tide: Crate) -> None:
    for num in ("1.0.0", "2.0.0+b", "1.0.0"):
        note_download("Tide-Pool", num)

    assert fold_spool() == 3

    assert by_day(tide) == [("1.0.0", 0, 2), ("2.0.0+b", 0, 1)]
    tide.refresh_from_db()
    assert (tide.downloads, tide.recent_downloads) == (3, 3)
    assert all_counts_agree() == 3


def test_the_clock_folds_them_in(tide: Crate, settings: LazySettings) -> None:
    note_download("Tide-Pool", "1.0.0")
    tasks = [entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()]

    assert fold_downloads.name in tasks
    fold_downloads.delay()

    assert all_counts_agree() == 1


def test_a_second_fold_adds_to_the_day(tide: Crate) -> None:
    for _ in range(3):
        note_download("Tide-Pool", "1.0.0")
        fold_spool()

    assert by_day(tide) == [("1.0.0", 0, 3)]
    assert all_counts_agree() == 3


def test_a_fold_without_downloads_changes_nothing(tide: Crate) -> None:
    assert (fold_spool(), fold_spool()) == (0, 0)
    assert CountedFile.objects.count() == 0


def test_a_file_that_was_left_after_its_commit_is_not_counted_again(
    tide: Crate, settings: LazySettings
) -> None:
    note_download("Tide-Pool", "1.0.0")
    [path] = settings.DOWNLOADS_DIR.iterdir()
    text = path.read_text()
    fold_spool()
    path.with_suffix(".closed").write_text(text)

    assert fold_spool() == 0

    assert list(settings.DOWNLOADS_DIR.iterdir()) == []
    assert all_counts_agree() == 1


def test_a_file_that_cannot_be_deleted_stays_known(
    tide: Crate, monkeypatch: pytest.MonkeyPatch
) -> None:
    note_download("Tide-Pool", "1.0.0")
    monkeypatch.setattr(Path, "unlink", lambda path, **options: None)
    fold_spool()
    CountedFile.objects.update(counted_at=datetime.now(UTC) - timedelta(days=30))

    assert (fold_spool(), fold_spool()) == (0, 0)

    assert CountedFile.objects.count() == 1
    assert all_counts_agree() == 1


def test_names_of_collected_files_are_forgotten_in_time_and_logs_never(tide: Crate) -> None:
    note_download("Tide-Pool", "1.0.0")
    fold_spool()
    count_lines([log_line("Tide-Pool")])
    CountedFile.objects.update(counted_at=datetime.now(UTC) - timedelta(days=8))

    fold_spool()

    assert [row.kind for row in CountedFile.objects.all()] == ["log"]


def test_spoiled_lines_cost_only_themselves(
    tide: Crate, settings: LazySettings, caplog: pytest.LogCaptureFixture
) -> None:
    good = f"Tide-Pool 1.0.0 {today()}\n"
    settings.DOWNLOADS_DIR.mkdir()
    (settings.DOWNLOADS_DIR / "x.closed").write_bytes(
        f"{good}Tide-Pool 1.0.{good}{good}\0\0\0\0{good}".encode()
        + b"Tide-Pool \xff 2026\nTide-Pool 1.0.0 2026-99-99\nunknown 1.0.0 2026-11-01\nTide-Po"
    )

    with caplog.at_level(logging.WARNING):
        assert fold_spool() == 2

    assert "1 of unknown versions, 5 spoiled lines" in caplog.text
    assert all_counts_agree() == 2


def test_counting_can_be_switched_off(settings: LazySettings) -> None:
    settings.COUNT_DOWNLOADS = False

    note_download("Tide-Pool", "1.0.0")

    assert not settings.DOWNLOADS_DIR.exists()


def test_a_spool_that_cannot_be_written_is_logged_and_no_more(
    settings: LazySettings, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("")
    settings.DOWNLOADS_DIR = tmp_path / "file" / "downloads"

    note_download("Tide-Pool", "1.0.0")

    assert "could not be noted" in caplog.text


def test_a_log_is_counted_once_whatever_its_name(tide: Crate) -> None:
    lines = [
        log_line("Tide-Pool"),
        log_line("Tide-Pool", day=days_ago(1)),
        log_line("tide-pool"),
        log_line("Tide-Pool", "9.9.9"),
        log_line("Tide-Pool", agent="curl/8"),
        b"\xff\n",
    ]

    assert count_lines(lines) == Counted(downloads=2, dropped=2, unreadable=1)
    assert count_lines(lines) is None
    assert by_day(tide) == [("1.0.0", 0, 1), ("1.0.0", 1, 1)]
    assert all_counts_agree() == 2


def test_old_days_count_in_the_total_only_and_days_to_come_not_at_all(tide: Crate) -> None:
    lines = [log_line("Tide-Pool", day=days_ago(number)) for number in (0, 89, 90, 400, -1, -2)]

    assert count_lines(lines) == Counted(downloads=5, dropped=1)

    tide.refresh_from_db()
    assert (tide.downloads, tide.recent_downloads) == (5, 3)


def test_recent_days_become_old_ones(tide: Crate, monkeypatch: pytest.MonkeyPatch) -> None:
    other = make_crate("other")
    make_version(other)
    count_lines([log_line("Tide-Pool", day=days_ago(n)) for n in (0, 1, 88, 89)])
    count_lines([log_line("other", day=days_ago(89))])

    for later, expected in ((0, (4, 1)), (1, (3, 0)), (2, (2, 0)), (89, (1, 0)), (500, (0, 0))):
        monkeypatch.setattr(operation, "_today", lambda later=later: days_ago(-later))
        fold_spool()
        fold_spool()

        recent = tuple(Crate.objects.order_by("pk").values_list("recent_downloads", flat=True))
        assert recent == expected
    assert DownloadTotals.objects.get().total == 5


def test_a_clock_that_went_back_forgets_nothing(
    tide: Crate, monkeypatch: pytest.MonkeyPatch
) -> None:
    count_lines([log_line("Tide-Pool")])
    monkeypatch.setattr(operation, "_today", lambda: days_ago(3))

    fold_spool()

    tide.refresh_from_db()
    assert tide.recent_downloads == 1


@pytest.mark.parametrize("count", [2, 60])
def test_the_cost_does_not_grow_with_the_versions(
    tide: Crate, count: int, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(count):
        make_version(make_crate(f"crate-{number}"))
    lines = [log_line(f"crate-{number}") for number in range(count)]
    fold_spool()

    with django_assert_max_num_queries(20):
        count_lines(lines)


def test_more_than_one_slice_is_exact(tide: Crate, settings: LazySettings) -> None:
    settings.COUNTS_PER_STATEMENT = 2
    lines = [
        log_line("Tide-Pool", num, day=days_ago(day))
        for day in range(5)
        for num in ("1.0.0", "2.0.0+b", "3.0.0")
    ] * 3

    assert count_lines(lines) == Counted(downloads=30, dropped=15)
    assert all_counts_agree() == 30
