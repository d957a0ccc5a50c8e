import pytest
from pytest_django import Settings

from accounts.models import AuditEvent, User
from accounts.operations.tokens import create_token
from registry.actors import System
from registry.models import Crate, Invitation
from registry.operations.owners import add_owners
from tests.cases import in_turn
from tests.factories.registry import make_crate, make_owner
from tests.wire import nothing_happens, publish, refusal, send

OWNERS = "/api/v1/crates/demo/owners"


@pytest.fixture
def demo(alice: User) -> Crate:
    return make_crate("demo", owner=alice)


def owners() -> list[str]:
    return [person["login"] for person in send("GET", OWNERS).json()["users"]]


def test_everybody_sees_who_owns_a_crate(demo: Crate) -> None:
    [person] = send("GET", OWNERS).json()["users"]

    assert person["login"] == "alice"
    assert person["kind"] == "user"
    assert "email" not in person
    assert send("GET", "/api/v1/crates/demo/owner_user").json()["users"] == [person]
    assert send("GET", "/api/v1/crates/demo/owner_team").json() == {"teams": []}


@pytest.mark.parametrize("key", ["users", "owners"])
def test_an_owner_invites_others_by_login(
    demo: Crate, alice_token: str, bob: User, charlie: User, key: str
) -> None:
    answer = send("PUT", OWNERS, alice_token, {key: ["BOB", "charlie"]})

    assert answer.status_code == 200
    assert answer.json() == {
        "ok": True,
        "msg": "user bob has been invited to be an owner of crate demo,"
        "user charlie has been invited to be an owner of crate demo",
    }
    assert owners() == ["alice"]


def test_people_who_know_each_other_need_no_invitation(
    demo: Crate, alice: User, alice_token: str, bob: User, bob_token: str, settings: Settings
) -> None:
    send("PUT", OWNERS, alice_token, {"users": ["bob"]})
    settings.OWNER_INVITATIONS = False

    answer = send("PUT", OWNERS, alice_token, {"users": ["bob"]})

    assert answer.json()["msg"] == "user bob has been added as an owner of crate demo"
    assert owners() == ["alice", "bob"]
    assert not Invitation.objects.exists()
    assert publish(bob_token, "demo").status_code == 200


def test_the_operator_asks_nobody(demo: Crate, alice: User, bob: User) -> None:
    add_owners(actor=System("shell", on_behalf_of=alice), crate=demo, logins=["bob"])

    assert owners() == ["alice", "bob"]


def test_an_owner_may_leave(demo: Crate, alice_token: str, bob: User) -> None:
    make_owner(demo, bob)

    answer = send("DELETE", OWNERS, alice_token, {"users": ["alice"]})

    assert answer.json() == {"ok": True, "msg": "owners successfully removed"}
    assert owners() == ["bob"]
    refusal(publish(alice_token, "demo"), 403)


def test_the_last_owner_stays(demo: Crate, alice_token: str) -> None:
    with nothing_happens():
        error = refusal(send("DELETE", OWNERS, alice_token, {"users": ["alice"]}), 400)

    assert error["detail"].startswith("cannot remove all individual owners of a crate.")


def test_nobody_leaves_a_crate_behind_by_removing_all_at_once(
    demo: Crate, alice_token: str, bob: User
) -> None:
    make_owner(demo, bob)

    with nothing_happens():
        refusal(send("DELETE", OWNERS, alice_token, {"users": ["alice", "bob"]}), 400)

    assert owners() == ["alice", "bob"]


@in_turn(
    ("method", "logins", "said"),
    [
        ("PUT", [], "at least one login"),
        ("PUT", ["nobody"], "could not find user with login `nobody`"),
        ("PUT", ["bob", "nobody"], "could not find user with login `nobody`"),
        ("PUT", ["alice"], "`alice` is already an owner"),
        ("PUT", ["bob", "alice"], "`alice` is already an owner"),
        ("PUT", ["github:org:team"], "sign in with GitHub"),
        ("PUT", [""], "could not find user with login ``"),
        ("PUT", ["é" * 5000], "could not find user"),
        ("PUT", ["b_b"], "could not find user"),
        ("PUT", ["b%b"], "could not find user"),
        ("PUT", ["x"] * 11, "too many owners"),
        ("DELETE", [], "at least one login"),
        ("DELETE", ["bob"], "could not find owner with login `bob`"),
        ("DELETE", ["b_b"], "could not find owner"),
        ("DELETE", ["é" * 5000], "could not find owner"),
        ("DELETE", ["alice", "alice"], "could not find owner with login `alice`"),
    ],
)
def test_all_or_nothing(
    demo: Crate, alice_token: str, bob: User, method: str, logins: list[str], said: str
) -> None:
    with nothing_happens():
        error = refusal(send(method, OWNERS, alice_token, {"users": logins}), 400)

    assert said in error["detail"]
    assert len(error["detail"]) < 300


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_nobody_and_strangers_change_nothing(demo: Crate, charlie_token: str, method: str) -> None:
    with nothing_happens():
        refusal(send(method, OWNERS, None, {"users": ["charlie"]}), 403)
        error = refusal(send(method, OWNERS, charlie_token, {"users": ["charlie"]}), 403)

    assert error["detail"] == "only owners have permission to modify owners"


def test_a_token_needs_the_scope_and_the_crate(demo: Crate, alice: User, bob: User) -> None:
    for limits in ({"scopes": ["publish-update", "yank"]}, {"patterns": ["other"]}):
        token = create_token(user=alice, name="ci", **limits).text  # type: ignore[arg-type]
        with nothing_happens():
            refusal(send("PUT", OWNERS, token, {"users": ["bob"]}), 403)


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_an_absent_crate_is_named(alice_token: str, method: str) -> None:
    error = refusal(send(method, OWNERS, alice_token, {"users": ["bob"]}), 404)

    assert error["detail"] == "crate `demo` does not exist"


def test_every_change_is_an_event(demo: Crate, alice_token: str, bob: User, charlie: User) -> None:
    make_owner(demo, bob)
    send("PUT", OWNERS, alice_token, {"users": ["charlie"]})
    send("DELETE", OWNERS, alice_token, {"users": ["bob"]})

    events = AuditEvent.objects.filter(crate="demo").order_by("pk")
    assert [(event.name, event.subject) for event in events] == [
        ("owner.invited", "charlie"),
        ("owner.removed", "bob"),
    ]
