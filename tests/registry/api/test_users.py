import pytest

from accounts.models import User
from tests.factories.registry import make_crate
from tests.wire import refusal, send

USERS = "/api/v1/users"


def test_a_person_is_found_in_any_case(alice: User) -> None:
    found = send("GET", f"{USERS}/ALICE").json()["user"]

    assert (found["id"], found["login"]) == (alice.pk, "alice")
    assert "email" not in found


@pytest.mark.parametrize("login", ["nobody", "%00", "%C3%A9"])
def test_others_are_not_found(alice: User, login: str) -> None:
    assert refusal(send("GET", f"{USERS}/{login}"), 404)["detail"] == "Not Found"


def test_downloads_of_all_owned_crates_are_summed_up(alice: User, bob: User) -> None:
    make_crate(owner=alice, downloads=3)
    make_crate(owner=alice, downloads=4)
    make_crate(owner=bob, downloads=9)

    assert send("GET", f"{USERS}/{alice.pk}/stats").json() == {"total_downloads": 7}
    assert send("GET", f"{USERS}/{10**30}/stats").json() == {"total_downloads": 0}
    assert send("GET", f"{USERS}/alice/stats").status_code == 404
