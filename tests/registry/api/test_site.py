import pytest
from django.conf import LazySettings
from pytest_django import DjangoAssertNumQueries

from tests.factories.registry import make_crate, make_version
from tests.wire import send

pytestmark = pytest.mark.django_db
SUMMARY = "/api/v1/summary"


def test_the_summary_tells_figures_and_lists() -> None:
    first = make_crate(
        "first", downloads=3, recent_downloads=2, keywords=["sea"], categories=["science::geo"]
    )
    make_version(first, "1.0.0")
    make_version(first, "1.1.0")
    make_version(make_crate("second", downloads=5))

    answer = send("GET", SUMMARY)
    found = answer.json()

    assert answer["Cache-Control"] == "public, max-age=15"
    assert (found["num_crates"], found["num_downloads"]) == (2, 8)
    assert [row["name"] for row in found["new_crates"]] == ["second", "first"]
    assert [row["name"] for row in found["most_downloaded"]] == ["second", "first"]
    assert [row["name"] for row in found["most_recently_downloaded"]] == ["first", "second"]
    assert [row["name"] for row in found["just_updated"]] == ["first"]
    assert [row["keyword"] for row in found["popular_keywords"]] == ["sea"]
    assert found["popular_categories"][0]["slug"] == "science"
    assert len(found["popular_categories"]) == 10


def test_it_costs_little_and_shows_ten(
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    for number in range(12):
        make_version(make_crate(keywords=[f"k{number}"]))

    with django_assert_max_num_queries(8):
        found = send("GET", SUMMARY).json()

    assert [len(found[key]) for key in ("new_crates", "popular_keywords")] == [10, 10]


def test_a_fresh_registry_has_a_summary() -> None:
    found = send("GET", SUMMARY).json()

    assert (found["num_downloads"], found["new_crates"]) == (0, [])


def test_the_site_tells_of_itself(settings: LazySettings) -> None:
    answer = send("GET", "/api/v1/site_metadata")

    assert answer.json() == {
        "deployed_sha": "unknown",
        "commit": "unknown",
        "cdn_base": settings.PUBLIC_URL,
        "read_only": False,
        "banner_message": None,
    }
    assert answer["Cache-Control"] == "public, max-age=15"
