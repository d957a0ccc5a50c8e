import json
from typing import Any

import pytest

from accounts.models import AuditEvent, User
from accounts.operations.tokens import create_token
from registry.models import Crate, Version, VersionAction
from registry.operations import index
from tests.factories.registry import make_crate, make_version
from tests.wire import nothing_happens, publish, refusal, send

YANK = "/api/v1/crates/demo-crate/0.1.0/yank"
UNYANK = "/api/v1/crates/demo-crate/0.1.0/unyank"


@pytest.fixture
def version(alice_token: str) -> Version:
    assert publish(alice_token).status_code == 200
    return Version.objects.get()


def yanked() -> bool:
    return Version.objects.get(num="0.1.0").yanked


def test_the_owner_yanks_and_takes_it_back(version: Version, alice_token: str) -> None:
    answer = send("DELETE", YANK, alice_token)

    assert (answer.status_code, answer.json()) == (200, {"ok": True})
    assert yanked()
    assert send("PUT", UNYANK, alice_token).json() == {"ok": True}
    assert not yanked()
    actions = VersionAction.objects.order_by("pk").values_list("action", flat=True)
    assert list(actions) == ["publish", "yank", "unyank"]


def test_the_index_line_changes_in_that_word_alone(
    version: Version, alice_token: str, django_capture_on_commit_callbacks: Any
) -> None:
    before = json.loads(version.index_line)

    with django_capture_on_commit_callbacks(execute=True):
        send("DELETE", YANK, alice_token)

    version.refresh_from_db()
    assert json.loads(version.index_line) == {**before, "yanked": True}
    assert list(index.differences()) == []


def test_a_crate_without_usable_versions_keeps_a_default(
    version: Version, alice_token: str
) -> None:
    send("DELETE", YANK, alice_token)

    crate = Crate.objects.get()
    assert (crate.max_version, crate.default_version) == ("", "0.1.0")
    shown = send("GET", "/api/v1/crates/demo-crate").json()["crate"]
    assert (shown["yanked"], shown["max_version"]) == (True, "0.0.0")


def test_yanking_twice_changes_nothing_more(version: Version, alice_token: str) -> None:
    send("DELETE", YANK, alice_token)

    with nothing_happens():
        assert send("DELETE", YANK, alice_token).status_code == 200


def test_another_spelling_of_the_crate_will_do(version: Version, alice_token: str) -> None:
    path = YANK.replace("demo-crate", "DEMO_crate")

    assert send("DELETE", path, alice_token).status_code == 200


def test_build_metadata_belongs_to_the_number(alice_token: str) -> None:
    publish(alice_token, version="1.0.0+a")
    base = "/api/v1/crates/demo-crate"

    assert send("DELETE", f"{base}/1.0.0+a/yank", alice_token).status_code == 200
    refusal(send("DELETE", f"{base}/1.0.0/yank", alice_token), 404)


def test_nobody_and_strangers_are_refused(version: Version, charlie_token: str) -> None:
    for method, path in (("DELETE", YANK), ("PUT", UNYANK)):
        with nothing_happens():
            refusal(send(method, path), 403)
            error = refusal(send(method, path, charlie_token), 403)
        assert error["detail"] == "must already be an owner to yank or unyank"


def test_a_token_needs_the_scope_and_the_crate(version: Version, alice: User) -> None:
    for limits in ({"scopes": ["publish-update"]}, {"patterns": ["other"]}):
        token = create_token(user=alice, name="ci", **limits).text  # type: ignore[arg-type]
        with nothing_happens():
            refusal(send("DELETE", YANK, token), 403)

    token = create_token(user=alice, name="ci", scopes=["yank"], patterns=["demo*"]).text
    assert send("DELETE", YANK, token).status_code == 200


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        ("/api/v1/crates/nothing/1.0.0/yank", 404, "crate `nothing` does not exist"),
        (
            "/api/v1/crates/demo-crate/9.9.9/yank",
            404,
            "crate `demo-crate` does not have a version `9.9.9`",
        ),
        ("/api/v1/crates/demo-crate/1.0/yank", 400, "Invalid URL:"),
        ("/api/v1/crates/demo-crate/%00/yank", 400, "Invalid URL:"),
        ("/api/v1/crates/demo-crate/1.0.0-%C3%A9/yank", 400, "Invalid URL:"),
    ],
)
def test_what_is_not_there_is_named(
    version: Version, alice_token: str, path: str, status: int, said: str
) -> None:
    error = refusal(send("DELETE", path, alice_token), status)

    assert error["detail"].startswith(said)


def test_the_event_names_the_version(version: Version, alice_token: str) -> None:
    send("DELETE", YANK, alice_token)

    event = AuditEvent.objects.get(name="version.yanked")
    assert (event.crate, event.subject) == ("demo-crate", "demo-crate@0.1.0")


def test_a_version_of_one_crate_is_not_yanked_by_the_owner_of_another(
    version: Version, bob: User, bob_token: str
) -> None:
    make_version(make_crate("other", owner=bob), "0.1.0", index_line='{"yanked":false}')

    refusal(send("DELETE", YANK, bob_token), 403)
    assert not Version.objects.get(crate__name="demo-crate").yanked
