from collections.abc import Iterator

import pytest
from django.conf import LazySettings

from registry.models import CountedFile
from registry.operations.count_downloads import Counted
from registry.operations.count_logs import CountedElsewhere, count_log
from tests.factories.downloads import all_counts_agree, count_lines, log_line
from tests.factories.registry import make_crate, make_version

pytestmark = pytest.mark.django_db
FIELDS = b"#Version: 1.0\n#Fields: date time cs-method cs-uri-stem sc-status cs(User-Agent)\n"


@pytest.fixture(autouse=True)
def _tide() -> None:
    make_version(make_crate("tide"))


def lines(first: int, last: int) -> list[bytes]:
    """Each different, as those of a log are."""
    return [log_line("tide").replace(b" 99 ", b" %d " % number) for number in range(first, last)]


def tabbed(number: int) -> bytes:
    return b"2026-11-20\t01:%02d:00\tGET\t/crates/tide/tide-1.0.0.crate\t200\tcargo/1\n" % number


def test_what_breaks_off_leaves_the_counts_alone() -> None:
    def broken() -> Iterator[bytes]:
        yield log_line("tide")
        raise EOFError

    with pytest.raises(EOFError):
        count_log(broken)

    assert all_counts_agree() == 0
    assert CountedFile.objects.count() == 0


@pytest.mark.parametrize("committed", range(4))
def test_a_count_that_was_killed_goes_on_where_it_ended(
    settings: LazySettings, committed: int
) -> None:
    settings.LOG_BYTES_AT_ONCE = settings.LOG_LINES_AT_ONCE = settings.LOG_COUNTS_AT_ONCE = 1
    text = [FIELDS, *(tabbed(number) for number in range(4))]
    readings = 0

    def dying() -> Iterator[bytes]:
        nonlocal readings
        readings += 1
        yield from text if readings == 1 else text[: 1 + committed]
        if readings > 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        count_log(dying)

    assert all_counts_agree() == committed
    assert count_lines(text) == Counted(downloads=4 - committed)
    assert count_lines(text) is None
    assert all_counts_agree() == 4


def test_of_a_log_that_has_grown_only_the_rest_is_counted() -> None:
    assert count_lines(lines(0, 3)) == Counted(downloads=3)
    assert count_lines(lines(0, 5)) == Counted(downloads=2)
    assert count_lines(lines(0, 9)) == Counted(downloads=4)

    assert count_lines(lines(0, 5)) is None
    assert count_lines(lines(0, 3)) is None
    assert count_lines([*lines(0, 2), *lines(7, 8)]) == Counted(downloads=3)


@pytest.mark.parametrize("cut", [1, 20, 60])
def test_a_last_line_that_is_not_finished_waits(cut: int) -> None:
    whole = b"".join([FIELDS, tabbed(0), tabbed(1)])
    unfinished = whole[: -len(tabbed(1)) + cut]

    assert count_lines([unfinished]) == Counted(downloads=1, unreadable=1)
    assert count_lines([whole, tabbed(2)]) == Counted(downloads=2)


def test_a_last_line_without_a_line_feed_counts() -> None:
    text = b"".join(lines(0, 2))

    assert count_lines([text.rstrip()]) == Counted(downloads=2)
    assert count_lines([text.rstrip()]) is None
    assert count_lines([text]) == Counted()
    assert count_lines([text, *lines(2, 3)]) == Counted(downloads=1)


def test_an_empty_log_is_no_news() -> None:
    assert count_lines([]) == Counted()
    assert count_lines([b"half a li"]) == Counted(unreadable=1)
    assert CountedFile.objects.count() == 0


def test_logs_of_earlier_releases_stay_counted() -> None:
    count_lines(lines(0, 2))
    CountedFile.objects.update(length=None, offset=None, first_line="")

    assert count_lines(lines(0, 2)) is None


def test_a_second_process_stops_where_it_meets_the_first(settings: LazySettings) -> None:
    settings.LOG_BYTES_AT_ONCE = settings.LOG_LINES_AT_ONCE = settings.LOG_COUNTS_AT_ONCE = 1
    text = lines(0, 4)
    readings = 0

    def overtaken() -> Iterator[bytes]:
        nonlocal readings
        readings += 1
        for number, line in enumerate(text):
            if readings == 2 and number == 2:
                assert count_lines([b"".join(text)]) == Counted(downloads=2)
            yield line

    with pytest.raises(CountedElsewhere):
        count_log(overtaken)

    assert all_counts_agree() == 4
