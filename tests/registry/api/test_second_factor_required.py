"""REQUIRE_SECOND_FACTOR: tokens and letters are no way around it."""

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client
from pytest_django import Settings

from accounts.models import User
from registry.models import Crate
from registry.operations.invitations import new_token
from tests.factories.registry import make_crate, make_invitation
from tests.factories.trustpub import github_form, make_issuer
from tests.wire import publish, refusal, send

CODE = "second_factor_required"
CONFIGS = "/api/v1/trusted_publishing/github_configs"


@pytest.fixture
def tide(alice: User, settings: Settings) -> Crate:
    settings.REQUIRE_SECOND_FACTOR = True
    return make_crate("tide", owner=alice)


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PUT", "/api/v1/crates/tide/owners", {"owners": ["bob"]}),
        ("POST", CONFIGS, {"github_config": github_form(crate="tide")}),
    ],
)
def test_a_token_gives_nobody_power(
    tide: Crate, alice: User, bob: User, alice_token: str, method: str, path: str, body: object
) -> None:
    make_issuer()

    answer = send(method, path, alice_token, body)

    assert refusal(answer, 403)["code"] == CODE
    assert list(tide.ownerships.values_list("user", flat=True)) == [alice.pk]


@pytest.mark.parametrize("name", ["tide", "wave"], ids=["version", "crate"])
def test_a_token_publishes_nothing(tide: Crate, alice_token: str, name: str) -> None:
    assert refusal(publish(alice_token, name), 403)["code"] == CODE


def test_an_invitation_waits_until_there_is_one(tide: Crate, alice: User, bob: User) -> None:
    letter = new_token(make_invitation(tide, bob, alice))
    browser = Client()
    browser.force_login(bob)
    in_person = f"/me/pending-invites/{tide.pk}"

    api = send("PUT", f"/api/v1/me/crate_owner_invitations/accept/{letter}", None)
    by_letter = browser.post(f"/accept-invite/{letter}", {"answer": "accept"})
    page = browser.post(in_person, {"answer": "accept"})

    assert refusal(api, 403)["code"] == CODE
    for answer in (by_letter, page):
        assert answer.status_code == 403
        assert "/settings/second-factor" in answer.content.decode()
    assert not tide.is_owned_by(bob)

    Authenticator.objects.create(user=bob, type="totp", data={})
    assert browser.post(in_person, {"answer": "accept"}).status_code == 302
    assert tide.is_owned_by(bob)


def test_what_takes_power_away_is_not_held_up(tide: Crate, alice: User, alice_token: str) -> None:
    browser = Client()
    browser.force_login(alice)

    revoke = browser.post(f"/settings/tokens/{alice.api_tokens.get().pk}/revoke")

    assert revoke["Location"] == "/settings/tokens"
    assert alice.api_tokens.get().revoked_at is not None
