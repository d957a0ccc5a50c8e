from datetime import timedelta

import pytest
from django.core.cache import cache
from django.utils import timezone

from registry.models import PublishKind
from registry.queries.history import history_of, releases_by_month, shares_by_month
from tests.factories.registry import make_crate, make_version

pytestmark = pytest.mark.django_db


def test_it_counts_how_versions_came_and_from_where() -> None:
    crate = make_crate()
    make_version(crate, "0.1.0", kind=PublishKind.IMPORTED)
    make_version(crate, "0.2.0", yanked=True, yank_message="broken")
    make_version(crate, "0.3.0", provenance={})
    make_version(crate, "0.4.0", provenance={"repository": "octo/moved", "links": {}})

    history = history_of(crate)

    assert history.kinds == [("Trusted publishing", 2), ("API token", 1), ("Import", 1)]
    assert {source.repository: source.link for source in history.sources} == {
        "octo/hello": "https://github.com/octo/hello",
        "octo/moved": "",
    }
    assert ([version.num for version in history.yanked], history.num_yanked) == (["0.2.0"], 1)


def test_releases_are_counted_by_month_and_kind() -> None:
    crate = make_crate()
    assert releases_by_month(crate) is None

    make_version(crate, "0.1.0", created_at=timezone.now() - timedelta(days=70))
    make_version(crate, "0.2.0", provenance={})
    make_version(crate, "0.3.0", provenance={})
    bars = releases_by_month(crate)

    assert bars is not None
    assert [(area.name, area.total) for area in bars.areas] == [
        ("Trusted publishing", 2),
        ("API token", 1),
    ]
    assert bars.rows[-1][1] == [2, 0]


def test_shares_leave_imports_out_and_are_kept_for_a_while() -> None:
    cache.clear()
    make_version(make_crate(), kind=PublishKind.IMPORTED)
    assert shares_by_month() is None

    cache.clear()
    make_version(make_crate(), provenance={})
    first = shares_by_month()
    make_version(make_crate())

    assert first is not None
    assert first.total == 1
    assert shares_by_month() == first
