from typing import Any

import pytest
from django.core.mail import EmailMessage
from django.test import Client

from accounts.models import AuditEvent, User
from accounts.operations.tokens import create_token
from registry.models import Crate
from tests.factories.registry import make_crate, make_version
from tests.wire import nothing_happens, refusal, send

TIDE = "/api/v1/crates/tide"
ON = {"crate": {"trustpub_only": True}}


@pytest.fixture(autouse=True)
def tide(alice: User) -> Crate:
    crate = make_crate("tide", owner=alice)
    make_version(crate)
    return crate


@pytest.fixture
def token(alice: User) -> str:
    return create_token(user=alice, name="ci", scopes=["trusted-publishing"]).text


def test_an_owner_closes_the_way_of_tokens(
    token: str,
    tide: Crate,
    mailoutbox: list[EmailMessage],
    django_capture_on_commit_callbacks: Any,
) -> None:
    mailoutbox.clear()
    with django_capture_on_commit_callbacks(execute=True):
        answer = send("PATCH", TIDE, token, ON)

    assert answer.status_code == 200
    assert answer.json()["crate"]["trustpub_only"] is True
    assert answer.json()["crate"]["max_version"] == "0.0.0"
    tide.refresh_from_db()
    assert tide.trustpub_only
    assert AuditEvent.objects.get(name="crate.trustpub_only.on").crate == "tide"
    [letter] = mailoutbox
    assert letter.to == ["alice@example.com"]
    assert letter.subject == "tide now takes new versions from CI alone"
    assert "API tokens can no longer publish it" in letter.body


@pytest.mark.parametrize("body", [{"crate": {}}, {"crate": {"trustpub_only": None}}])
def test_nothing_asked_is_nothing_done(token: str, body: object) -> None:
    with nothing_happens():
        assert send("PATCH", TIDE, token, body).status_code == 200


def test_a_browser_may_and_a_stranger_may_not(alice: User, bob: User) -> None:
    for user, status in ((alice, 200), (bob, 403)):
        client = Client()
        client.force_login(user)
        answer = send("PATCH", TIDE, body=ON, client=client)
        assert answer.status_code == status

    assert refusal(answer, 403)["detail"] == "only owners have permission to modify crate settings"


def test_credentials_must_reach_that_far(alice: User, alice_token: str) -> None:
    error = refusal(send("PATCH", TIDE, alice_token, ON), 403)
    assert error["detail"].startswith("This endpoint cannot be used with legacy API tokens")
    yank = create_token(user=alice, name="ci", scopes=["yank"]).text
    assert refusal(send("PATCH", TIDE, yank, ON), 403)["code"] == "token_lacks_permission"
    assert refusal(send("PATCH", TIDE, body=ON), 403)["code"] == "authentication_required"


@pytest.mark.parametrize("body", [{}, [], {"crate": 1}, {"crate": {"trustpub_only": "yes"}}])
def test_other_shapes_are_refused(token: str, body: object) -> None:
    assert refusal(send("PATCH", TIDE, token, body), 422)["code"] == "wrong_shape"


def test_an_unknown_crate_is_not_found(token: str) -> None:
    assert refusal(send("PATCH", "/api/v1/crates/nope", token, ON), 404)
