"""Invitations that are made, answered and withdrawn at the same moment."""

from collections import Counter
from typing import Any

import pytest
from django.test import Client

from accounts import token_text
from accounts.models import AuditEvent, User
from registry.models import Crate, Invitation, Ownership
from tests.factories.registry import make_crate, make_invitation
from tests.races.together import at_once
from tests.wire import send

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
OWNERS = "/api/v1/crates/demo/owners"
ANSWER = "/api/v1/me/crate_owner_invitations"
ROUNDS = 5


def accept(crate: Crate, token: str, *, accepted: bool = True) -> Any:
    body = {"crate_owner_invite": {"crate_id": crate.pk, "accepted": accepted}}
    return send("PUT", f"{ANSWER}/{crate.pk}", token, body)


def statuses(answers: list[Any]) -> Counter[int]:
    return Counter(answer.status_code for answer in answers)


def test_of_many_invitations_of_one_person_one_is_made(
    alice: User, alice_token: str, bob: User
) -> None:
    make_crate("demo", owner=alice)

    answers = at_once(8, lambda _: send("PUT", OWNERS, alice_token, {"users": ["bob"]}))

    said = Counter(" ".join(answer.json()["msg"].split()[2:4]) for answer in answers)
    assert said == {"has been": 1, "already has": 7}
    assert Invitation.objects.count() == 1


def test_of_many_answers_one_counts(alice: User, bob: User, bob_token: str) -> None:
    for number in range(ROUNDS):
        crate = make_crate(f"demo-{number}", owner=alice)
        letter = f"letter-{number}"
        make_invitation(crate, bob, alice, digest=token_text.digest(letter))

        def work(caller: int, crate: Crate = crate, letter: str = letter) -> Any:
            if caller % 3 == 0:
                return send("PUT", f"{ANSWER}/accept/{letter}")
            return accept(crate, bob_token, accepted=caller % 3 == 1)

        answers = at_once(6, work)

        assert statuses(answers) == {200: 1, 404: 5}
        events = AuditEvent.objects.filter(crate=crate.name)
        [event] = events.filter(name__in=["owner.added", "owner.declined"])
        assert crate.is_owned_by(bob) == (event.name == "owner.added")
    assert not Invitation.objects.exists()


def test_who_is_removed_while_they_accept_is_an_owner_or_not(
    alice: User, alice_token: str, bob: User, bob_token: str
) -> None:
    for number in range(ROUNDS):
        crate = make_crate(f"demo-{number}", owner=alice)
        make_invitation(crate, bob, alice)
        owners = OWNERS.replace("demo", crate.name)

        def work(caller: int, crate: Crate = crate, owners: str = owners) -> Any:
            if caller:
                return accept(crate, bob_token)
            return send("DELETE", owners, alice_token, {"users": ["bob"]})

        removed, accepted = at_once(2, work)

        # Either the invitation was withdrawn first, or the new owner was removed.
        assert removed.status_code == 200
        assert accepted.status_code in (200, 404)
        assert not crate.is_owned_by(bob)
        assert not crate.invitations.exists()


def test_nobody_comes_in_by_somebody_who_was_just_shown_out(
    alice: User, alice_token: str, bob: User, bob_token: str, charlie: User
) -> None:
    for number in range(ROUNDS):
        crate = make_crate(f"demo-{number}", owner=alice)
        Ownership.objects.create(crate=crate, user=bob)
        owners = OWNERS.replace("demo", crate.name)

        def work(caller: int, owners: str = owners) -> Any:
            if caller:
                return send("PUT", owners, bob_token, {"users": ["charlie"]})
            return send("DELETE", owners, alice_token, {"users": ["bob"]})

        removed, invited = at_once(2, work)

        assert removed.status_code == 200
        assert invited.status_code in (200, 403)
        assert not crate.invitations.exists()


def test_a_crate_that_is_deleted_while_somebody_accepts_is_gone(
    alice: User, bob: User, bob_token: str
) -> None:
    for number in range(ROUNDS):
        crate = make_crate(f"demo-{number}", owner=alice)
        make_invitation(crate, bob, alice)
        browser = Client(raise_request_exception=False)
        browser.force_login(alice)

        def work(caller: int, crate: Crate = crate, browser: Client = browser) -> Any:
            if caller:
                return accept(crate, bob_token)
            return send("DELETE", f"/api/v1/crates/{crate.name}", client=browser)

        deleted, accepted = at_once(2, work)

        assert deleted.status_code == 204
        assert accepted.status_code in (200, 404)
        assert not Crate.objects.filter(pk=crate.pk).exists()
