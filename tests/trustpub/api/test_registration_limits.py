"""How much trust one person, or one address, may register (reference, g.4)."""

from typing import Any

import pytest
from pytest_django import Settings

from accounts.models import User
from tests.ci import form
from tests.factories.registry import make_crate
from tests.wire import refusal, send
from trustpub.models import Issuer

CONFIGS = "/api/v1/trusted_publishing/github_configs"


def register(token: str, issuer: Issuer, name: str, *, pending: bool = True) -> Any:
    config = {"crate": name, "issuer": issuer.url, "pending": pending, **form()}
    return send("POST", CONFIGS, token, {"github_config": config})


@pytest.mark.parametrize("pending", [True, False])
def test_an_address_cannot_spread_it_over_accounts(
    alice: User,
    alice_token: str,
    bob: User,
    bob_token: str,
    issuer: Issuer,
    settings: Settings,
    pending: bool,
) -> None:
    settings.REGISTRATIONS_PER_DAY = 1
    if not pending:
        make_crate("one", owner=alice)
        make_crate("two", owner=bob)

    assert register(alice_token, issuer, "one", pending=pending).status_code == 200
    error = refusal(register(bob_token, issuer, "two", pending=pending), 429)

    assert error["code"] == "rate_limited"


@pytest.mark.usefixtures("standing_clock")
def test_the_forge_is_not_asked_without_end(
    alice_token: str, issuer: Issuer, settings: Settings
) -> None:
    settings.FORGE_LOOKUPS_PER_MINUTE = 2
    for name in ("one", "two"):
        register(alice_token, issuer, name)

    error = refusal(register(alice_token, issuer, "three"), 429)

    assert "questions to the forge" in error["detail"]
