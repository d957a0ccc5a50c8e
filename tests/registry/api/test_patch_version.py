import pytest

from accounts.models import User
from accounts.operations.tokens import create_token
from registry.models import Version, VersionAction
from tests.wire import nothing_happens, publish, refusal, send

VERSION = "/api/v1/crates/demo-crate/0.1.0"


@pytest.fixture(autouse=True)
def version(alice_token: str) -> Version:
    assert publish(alice_token).status_code == 200
    return Version.objects.get()


def patch(token: str | None, **fields: object) -> object:
    return send("PATCH", VERSION, token, {"version": fields})


def state() -> tuple[bool, str]:
    version = Version.objects.get()
    return version.yanked, version.yank_message


def test_yanking_tells_why_and_the_message_may_change(alice_token: str) -> None:
    answer = send("PATCH", VERSION, alice_token, {"version": {"yanked": True, "yank_message": "a"}})
    assert answer.json()["version"]["yank_message"] == "a"

    patch(alice_token, yank_message="b")
    assert state() == (True, "b")
    patch(alice_token, yanked=True)
    assert state() == (True, "b")
    send("DELETE", f"{VERSION}/yank", alice_token)
    assert state() == (True, "")
    patch(alice_token, yanked=False)
    assert state() == (False, "")
    actions = VersionAction.objects.order_by("pk").values_list("action", flat=True)
    assert list(actions) == ["publish", "yank", "yank", "yank", "unyank"]


@pytest.mark.parametrize("fields", [{}, {"yanked": None, "yank_message": None}, {"yanked": False}])
def test_nothing_asked_is_nothing_done(alice_token: str, fields: dict[str, object]) -> None:
    with nothing_happens():
        assert patch(alice_token, **fields).status_code == 200  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("fields", "detail"),
    [
        ({"yanked": False, "yank_message": "x"}, "Cannot set yank message when unyanking"),
        (
            {"yank_message": "x"},
            "Cannot update yank message for a version that is not yanked",
        ),
    ],
)
def test_a_message_belongs_to_a_yanked_version(
    alice_token: str, fields: dict[str, object], detail: str
) -> None:
    with nothing_happens():
        assert refusal(patch(alice_token, **fields), 400)["detail"] == detail


def test_only_who_may_yank_may(alice: User, bob_token: str) -> None:
    error = refusal(patch(bob_token, yanked=True), 403)
    assert error["detail"] == "must already be an owner to yank or unyank"
    publisher = create_token(user=alice, name="ci", scopes=["publish-update"]).text
    assert refusal(patch(publisher, yanked=True), 403)["code"] == "token_lacks_permission"
    assert refusal(patch(None, yanked=True), 403)["code"] == "authentication_required"
    yanker = create_token(user=alice, name="ci", scopes=["yank"]).text
    assert patch(yanker, yanked=True).status_code == 200  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "body", [{}, {"version": []}, {"version": {"yanked": 1}}, {"version": {"yank_message": "\0"}}]
)
def test_other_shapes_are_refused(alice_token: str, body: object) -> None:
    assert refusal(send("PATCH", VERSION, alice_token, body), 422)["code"] == "wrong_shape"
