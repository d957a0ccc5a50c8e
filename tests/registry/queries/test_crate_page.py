import pytest

from accounts.models import User
from registry.models import Ownership, Team
from registry.queries.crate_page import crate_page, version_list
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


def test_versions_come_latest_first_page_by_page() -> None:
    crate = make_crate()
    for number in range(5):
        make_version(crate, f"0.{number}.0")

    found = version_list(crate, page=2, per_page=2)

    assert [version.num for version in found.versions] == ["0.2.0", "0.1.0"]
    assert found.total == 5
    assert version_list(crate, page=10**30, per_page=2).versions == []
