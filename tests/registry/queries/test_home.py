from datetime import UTC, datetime, timedelta

import pytest
from django.conf import LazySettings
from pytest_django import DjangoAssertNumQueries

from registry.queries.home import SHOWN, home_page
from tests.factories.registry import make_crate, make_version

pytestmark = pytest.mark.django_db
DAY = datetime(2026, 1, 1, tzinfo=UTC)


def test_it_lists_new_and_updated_crates_latest_first() -> None:
    older = make_crate("older", created_at=DAY)
    newer = make_crate("newer", created_at=DAY + timedelta(days=1))
    make_version(newer, "1.0.0", created_at=DAY + timedelta(days=2))
    latest = make_version(older, "1.0.0", created_at=DAY + timedelta(days=3), provenance={})

    page = home_page()

    assert page.num_crates == 2
    assert [entry.crate.name for entry in page.created] == ["newer", "older"]
    assert [entry.crate.name for entry in page.updated] == ["older", "newer"]
    assert page.updated[0].version == latest


def test_a_crate_without_versions_is_listed_as_such() -> None:
    make_crate("empty")

    assert home_page().created[0].version is None


def test_it_costs_the_same_however_many_crates_there_are(
    django_assert_num_queries: DjangoAssertNumQueries,
    settings: LazySettings,
) -> None:
    for _ in range(SHOWN + 2):
        make_version(make_crate(), provenance={})

    home_page()  # What is read once an hour, is read.

    # Without Redis the cache is a table.
    with django_assert_num_queries(6 if settings.REDIS_LIMITS else 7):
        page = home_page()

    assert len(page.created) == len(page.updated) == len(page.popular) == SHOWN
