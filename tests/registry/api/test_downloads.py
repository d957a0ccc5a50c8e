import pytest
from pytest_django import DjangoAssertNumQueries

from registry.models import Crate
from tests.factories.downloads import count_lines, days_ago, log_line, today
from tests.factories.registry import make_crate, make_version
from tests.wire import refusal, send

pytestmark = pytest.mark.django_db
CRATES = "/api/v1/crates"
NUMS = ("1.0.0", "1.10.0", "1.9.0", "2.0.0-rc.1", "0.9.0", "0.1.0", "1.2.0")
HIGHEST = ["2.0.0-rc.1", "1.10.0", "1.9.0", "1.2.0", "1.0.0"]


@pytest.fixture
def tide() -> Crate:
    """Each version once today, and all but the first once on each end of the 90 days."""
    crate = make_crate("Tide-Pool")
    for num in NUMS:
        make_version(crate, num)
    days = [*((num, 0) for num in NUMS), *((num, n) for num in NUMS[1:] for n in (89, 90))]
    count_lines([log_line("Tide-Pool", num, day=days_ago(number)) for num, number in days])
    return crate


def test_the_five_highest_versions_are_told_apart(tide: Crate) -> None:
    ids = dict(tide.versions.values_list("num", "pk"))

    found = send("GET", f"{CRATES}/tide_pool/downloads").json()

    old, new = days_ago(89).isoformat(), today().isoformat()
    expected = [
        {"version": ids[num], "downloads": 1, "date": day}
        for day in (old, new)
        for num in sorted(HIGHEST, key=ids.__getitem__)
        if num != "1.0.0" or day == new
    ]
    assert found["version_downloads"] == expected
    assert found["meta"] == {
        "extra_downloads": [{"date": old, "downloads": 2}, {"date": new, "downloads": 2}]
    }
    assert "versions" not in found


def test_the_versions_come_on_request_highest_first(tide: Crate) -> None:
    found = send("GET", f"{CRATES}/tide-pool/downloads?include=versions").json()

    assert [version["num"] for version in found["versions"]] == HIGHEST
    assert found["versions"][0]["downloads"] == 3


def test_another_component_is_refused(tide: Crate) -> None:
    error = refusal(send("GET", f"{CRATES}/tide-pool/downloads?include=secrets"), 400)

    assert error["detail"] == "invalid component for ?include= (expected 'versions')"


def test_a_crate_that_nobody_downloaded_has_empty_lists() -> None:
    make_crate("empty")

    assert send("GET", f"{CRATES}/empty/downloads?include=versions").json() == {
        "version_downloads": [],
        "versions": [],
        "meta": {"extra_downloads": []},
    }


def test_a_version_has_ninety_days(tide: Crate) -> None:
    number = tide.versions.get(num="1.9.0").pk

    found = send("GET", f"{CRATES}/tide-pool/1.9.0/downloads").json()

    assert found == {
        "version_downloads": [
            {"version": number, "downloads": 1, "date": days_ago(day).isoformat()}
            for day in (89, 0)
        ]
    }


def test_the_ninety_days_may_end_earlier(tide: Crate) -> None:
    address = f"{CRATES}/tide-pool/1.9.0/downloads?before_date={days_ago(1)}"

    found = send("GET", address).json()["version_downloads"]

    assert [row["date"] for row in found] == [str(days_ago(90)), str(days_ago(89))]


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
def test_a_far_date_finds_nothing(tide: Crate, day: str) -> None:
    found = send("GET", f"{CRATES}/tide-pool/1.9.0/downloads?before_date={day}").json()

    assert found == {"version_downloads": []}


@pytest.mark.parametrize(
    "text", ["", "yesterday", "2026-13-01", "20261121", "2026-W47-5", "%00", "2026-11-21T00:00"]
)
def test_what_is_no_date_is_refused(tide: Crate, text: str) -> None:
    error = refusal(send("GET", f"{CRATES}/tide-pool/1.9.0/downloads?before_date={text}"), 400)

    assert "before_date" in error["detail"]


@pytest.mark.parametrize(
    "path", ["nothing/downloads", "%00/downloads", "tide-pool/9.9.9/downloads"]
)
def test_what_is_not_there_is_a_404(tide: Crate, path: str) -> None:
    refusal(send("GET", f"{CRATES}/{path}"), 404)


def test_other_methods_are_refused(tide: Crate) -> None:
    for path in ("tide-pool/downloads", "tide-pool/1.9.0/downloads"):
        refusal(send("POST", f"{CRATES}/{path}"), 405)


def test_totals_are_in_the_crate_and_in_its_versions(tide: Crate) -> None:
    found = send("GET", f"{CRATES}/tide-pool").json()

    assert (found["crate"]["downloads"], found["crate"]["recent_downloads"]) == (19, 13)
    downloads = {version["num"]: version["downloads"] for version in found["versions"]}
    assert downloads == {num: 1 if num == "1.0.0" else 3 for num in NUMS}


@pytest.mark.parametrize("count", [1, 30])
def test_the_cost_does_not_grow_with_the_versions(
    django_assert_max_num_queries: DjangoAssertNumQueries, count: int
) -> None:
    crate = make_crate("sea")
    for number in range(count):
        make_version(crate, f"{number}.0.0")
    count_lines([log_line("sea", f"{number}.0.0") for number in range(count)])

    with django_assert_max_num_queries(6):
        send("GET", f"{CRATES}/sea/downloads?include=versions")
    with django_assert_max_num_queries(5):
        send("GET", f"{CRATES}/sea/0.0.0/downloads")
