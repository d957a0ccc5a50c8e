import pytest
from django.test import Client

from accounts.models import User
from tests.factories.registry import make_crate, make_version

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("requirement", "place"),
    [
        ("^1", "/crates/tide/1.4.0"),
        ("=1.2.3", "/crates/tide/1.2.3"),
        ("*", "/crates/tide/2.0.0"),
        (">=1, <1.4", "/crates/tide/1.2.3"),
    ],
)
def test_a_range_leads_to_the_highest_version_that_fits(
    client: Client, requirement: str, place: str
) -> None:
    crate = make_crate("tide")
    for num in ("1.2.3", "1.10.0", "1.4.0", "2.0.0", "3.0.0-beta"):
        make_version(crate, num, yanked=num == "1.10.0")

    answer = client.get(f"/crates/tide/range/{requirement}")

    assert (answer.status_code, answer["Location"]) == (302, place)


@pytest.mark.parametrize("requirement", ["^9", "not a range", "^1.0\0"])
def test_a_range_that_nothing_fits_is_not_found(client: Client, requirement: str) -> None:
    make_version(make_crate("tide"))

    assert client.get(f"/crates/tide/range/{requirement}").status_code == 404


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("/crates/tide/owners", "/crates/tide/settings/owners"),
        ("/crates/tide/delete", "/crates/tide/settings/delete"),
        ("/crates/tide/settings/new-trusted-publisher", "/crates/tide/settings/publishers/new"),
        ("/settings", "/settings/tokens"),
        ("/me/crates", "/dashboard"),
        ("/me/following", "/settings/following"),
        ("/install", "/"),
        ("/security", "/policies"),
        ("/policies/security", "/policies"),
    ],
)
def test_addresses_of_crates_io_lead_on(
    client: Client, alice: User, address: str, place: str
) -> None:
    make_version(make_crate("tide", owner=alice))
    client.force_login(alice)

    answer = client.get(address, follow=True)

    assert answer.status_code == 200
    assert answer.request["PATH_INFO"] == place
