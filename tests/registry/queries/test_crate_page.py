from datetime import UTC, datetime, timedelta

import pytest

from accounts.models import User
from registry.models import Ownership, Team, VersionDownload
from registry.pictures.lines import spark
from registry.queries.crate_page import crate_page, version_list
from registry.queries.downloads import DAYS
from tests.factories.registry import make_crate, make_version

pytestmark = pytest.mark.django_db


def test_it_shows_the_default_version_and_all_owners(alice: User) -> None:
    crate = make_crate(owner=alice)
    team = Team.objects.create(login="github:octo:crew", github_id=1, organization_id=2)
    Ownership.objects.create(crate=crate, team=team)
    stable = make_version(crate, "1.0.0")
    make_version(crate, "2.0.0-rc.1")

    page = crate_page(crate)

    assert page.version == stable
    assert (page.trust.people, page.trust.teams) == ([alice], [team])


def test_a_crate_without_versions_has_no_default_version() -> None:
    assert crate_page(make_crate()).version is None


@pytest.mark.queries
def test_the_downloads_of_all_versions_are_drawn_day_by_day() -> None:
    crate = make_crate()
    assert crate_page(crate).downloads is None
    today = datetime.now(UTC).date()
    for number in range(2):
        version = make_version(crate, f"0.{number}.0")
        for ago in (0, 3, DAYS + 1):
            at = today - timedelta(days=ago)
            VersionDownload.objects.create(version=version, date=at, downloads=2 + ago)
    by_day = [0] * (DAYS - 4) + [10, 0, 0, 4]

    assert crate_page(crate).downloads == spark(by_day)


def test_versions_come_latest_first_page_by_page() -> None:
    crate = make_crate()
    for number in range(5):
        make_version(crate, f"0.{number}.0")

    found = version_list(crate, page=2, per_page=2)

    assert [version.num for version in found.versions] == ["0.2.0", "0.1.0"]
    assert found.total == 5
    assert version_list(crate, page=10**30, per_page=2).versions == []
