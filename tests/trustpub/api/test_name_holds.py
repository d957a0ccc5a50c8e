"""Names that pending publishers hold, where the operator has switched that on (c.2 rule 5)."""

from typing import Any

import pytest
from django.conf import LazySettings
from django.utils import timezone

from accounts.models import User
from config.environment import read_environment
from config.environment_values import InvalidEnvironment
from demo.issuer import LocalIssuer
from registry.models import Crate
from tests.ci import form, let_found, publish_token
from tests.wire import nothing_happens, publish, refusal
from trustpub.errors import NameUnavailable
from trustpub.models import Issuer, PendingPublisher


@pytest.fixture
def fresh(alice: User, issuer: Issuer) -> PendingPublisher:
    return let_found("acme-tide", alice, issuer)


@pytest.fixture
def _held(settings: LazySettings) -> None:
    settings.HELD_NAMES = ("ACME_",)


def test_no_name_is_held_unless_the_operator_says_so(
    fresh: PendingPublisher, bob_token: str
) -> None:
    assert publish(bob_token, "acme-tide").status_code == 200


@pytest.mark.usefixtures("_held")
def test_a_held_name_is_for_who_registered_it_alone(
    fresh: PendingPublisher, alice_token: str, bob_token: str, ci: LocalIssuer
) -> None:
    for spelling in ("acme-tide", "Acme_Tide"):
        with nothing_happens():
            assert refusal(publish(bob_token, spelling), 400)["code"] == "name_reserved"

    assert publish(publish_token(ci), "acme-tide").status_code == 200
    assert publish(alice_token, "acme-tide", "0.2.0").status_code == 200


@pytest.mark.usefixtures("_held")
def test_its_holder_may_also_publish_by_hand(fresh: PendingPublisher, alice_token: str) -> None:
    assert publish(alice_token, "acme-tide").status_code == 200


@pytest.mark.usefixtures("_held")
def test_names_that_begin_otherwise_are_not_held(
    alice: User, issuer: Issuer, bob_token: str
) -> None:
    let_found("tide", alice, issuer)

    assert publish(bob_token, "tide").status_code == 200


@pytest.mark.usefixtures("_held")
def test_nobody_else_registers_a_held_name(
    fresh: PendingPublisher, alice: User, bob: User, issuer: Issuer
) -> None:
    with pytest.raises(NameUnavailable):
        let_found("Acme_Tide", bob, issuer)

    assert let_found("acme-tide", alice, issuer, form(workflow_filename="other.yml"))


@pytest.mark.usefixtures("_held")
def test_it_is_held_until_it_expires(fresh: PendingPublisher, bob_token: str) -> None:
    PendingPublisher.objects.update(expires_at=timezone.now())

    assert publish(bob_token, "acme-tide").status_code == 200


def test_of_two_who_registered_before_the_first_holds_it(
    fresh: PendingPublisher, bob: User, bob_token: str, issuer: Issuer, settings: LazySettings
) -> None:
    let_found("acme-tide", bob, issuer)
    settings.HELD_NAMES = ("",)

    with nothing_happens():
        refusal(publish(bob_token, "acme-tide"), 400)
    assert not Crate.objects.exists()


@pytest.mark.parametrize(
    ("value", "held"),
    [("", ()), ("0", ()), ("1", ("",)), ("acme- in_", ("acme-", "in_"))],
)
def test_the_operator_says_which(tmp_path: Any, value: str, held: tuple[str, ...]) -> None:
    variables = {"DATA_DIR": str(tmp_path), "SECRET_KEY": "x", "HOLD_PENDING_NAMES": value}

    assert read_environment(variables).held_names == held


@pytest.mark.parametrize("value", ["1 acme-", "acme*", "é", "-x", "2"])
def test_what_begins_no_name_stops_the_start(tmp_path: Any, value: str) -> None:
    variables = {"DATA_DIR": str(tmp_path), "SECRET_KEY": "x", "HOLD_PENDING_NAMES": value}

    with pytest.raises(InvalidEnvironment, match=r"^HOLD_PENDING_NAMES: "):
        read_environment(variables)
