import base64
from datetime import UTC, datetime, timedelta

import pytest
from pytest_django import DjangoAssertNumQueries

from registry.models import Crate
from tests.factories.registry import make_crate, make_user, make_version
from tests.wire import refusal, send

pytestmark = pytest.mark.django_db
VERSIONS = "/api/v1/crates/tide/versions"
START = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def tide() -> Crate:
    crate = make_crate("tide")
    for day, num in enumerate(("1.0.0", "0.3.9", "0.3.10", "1.10.0", "1.9.0", "2.0.0-rc.1")):
        make_version(crate, num, created_at=START + timedelta(days=day), yanked=num == "1.10.0")
    return crate


def nums(query: str) -> list[str]:
    return [row["num"] for row in send("GET", f"{VERSIONS}?{query}").json()["versions"]]


@pytest.mark.usefixtures("tide")
@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["2.0.0-rc.1", "1.10.0", "1.9.0", "1.0.0", "0.3.10", "0.3.9"]),
        ("sort=semver", ["2.0.0-rc.1", "1.10.0", "1.9.0", "1.0.0", "0.3.10", "0.3.9"]),
        ("sort=date", ["2.0.0-rc.1", "1.9.0", "1.10.0", "0.3.10", "0.3.9", "1.0.0"]),
        ("nums[]=1.0.0&nums[]=1.9.0&nums[]=7.0.0", ["1.9.0", "1.0.0"]),
        ("seek=ignored", ["2.0.0-rc.1", "1.10.0", "1.9.0", "1.0.0", "0.3.10", "0.3.9"]),
    ],
)
def test_orders_and_filters(query: str, found: list[str]) -> None:
    assert nums(query) == found


@pytest.mark.usefixtures("tide")
def test_tracks_tell_the_highest_release_of_each() -> None:
    assert "release_tracks" not in send("GET", VERSIONS).json()["meta"]
    meta = send("GET", f"{VERSIONS}?include=release_tracks&per_page=1").json()["meta"]

    assert meta["total"] == 6
    assert meta["release_tracks"] == {"1": {"highest": "1.9.0"}, "0.3": {"highest": "0.3.10"}}


@pytest.mark.parametrize("sort", ["semver", "date"])
def test_seeking_misses_nothing_while_versions_come_in(tide: Crate, sort: str) -> None:
    expected = nums(f"sort={sort}")
    shown: list[str] = []
    link = f"?sort={sort}&per_page=3"

    while link:
        page = send("GET", f"{VERSIONS}{link}").json()
        shown += [row["num"] for row in page["versions"]]
        make_version(tide, f"9.0.{tide.num_versions}")
        link = page["meta"]["next_page"]

    # The last page was full, so there was one more, empty.
    assert (shown, page["versions"]) == (expected, [])


def seek(text: str) -> str:
    return "seek=" + base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


@pytest.mark.usefixtures("tide")
@pytest.mark.parametrize(
    ("query", "detail"),
    [
        ("page=1", "?page= is not supported for this request"),
        ("per_page=101", "cannot request more than 100 items"),
        ("per_page=1&seek=x", "invalid seek parameter"),
        ("per_page=1&" + seek('["one", 1]'), "invalid seek parameter"),
        ("nums[]=%00", "parameter `nums[]` cannot contain the NUL byte"),
        ("include=all", "invalid component for ?include= (expected 'release_tracks')"),
    ],
)
def test_odd_queries_are_refused(query: str, detail: str) -> None:
    assert refusal(send("GET", f"{VERSIONS}?{query}"), 400)["detail"] == detail


@pytest.mark.parametrize("count", [1, 30])
def test_the_cost_does_not_grow(
    django_assert_max_num_queries: DjangoAssertNumQueries, count: int
) -> None:
    crate, user = make_crate("tide"), make_user()
    for number in range(count):
        make_version(crate, f"{number}.0.0", published_by=user)

    # Three of them tell later whether what is kept still holds.
    with django_assert_max_num_queries(7):
        assert len(nums("")) == count
