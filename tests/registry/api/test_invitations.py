"""What a person is asked to own, and what they answer."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.core.mail import EmailMessage
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from accounts.models import AuditEvent, User
from accounts.operations.tokens import create_token
from registry.models import Crate, Invitation, Team
from registry.operations.invitations import (
    INVITATIONS_OF_ONE_PERSON_PER_DAY,
    INVITATIONS_PER_DAY,
)
from tests.factories.registry import make_crate, make_invitation, make_owner, make_user
from tests.wire import nothing_happens, publish, refusal, send

OWNERS = "/api/v1/crates/demo/owners"
MINE = "/api/v1/me/crate_owner_invitations"
LIST = "/api/private/crate_owner_invitations"


@pytest.fixture
def demo(alice: User) -> Crate:
    return make_crate("demo", owner=alice)


@pytest.fixture
def invite(
    demo: Crate, alice_token: str, django_capture_on_commit_callbacks: Any
) -> Callable[..., str]:
    """Through the API; answers its message once the letter is out."""

    def work(*logins: str) -> str:
        with django_capture_on_commit_callbacks(execute=True):
            answer = send("PUT", OWNERS, alice_token, {"users": list(logins)})
        assert answer.status_code == 200, answer.content
        return str(answer.json()["msg"])

    return work


def browser(user: User) -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(user)
    return client


def reply(crate: Crate, token: str | None, *, accepted: bool = True, **how: Any) -> Any:
    body = {"crate_owner_invite": {"crate_id": crate.pk, "accepted": accepted}}
    return send("PUT", f"{MINE}/{crate.pk}", token, body, **how)


def token_in(letter: EmailMessage) -> str:
    found = re.search(r"/accept-invite/([A-Za-z0-9]{26})\n", str(letter.body))
    assert found
    return found[1]


def expire(crate: Crate) -> None:
    crate.invitations.update(expires_at=timezone.now())


def owners() -> list[str]:
    return [person["login"] for person in send("GET", OWNERS).json()["users"]]


# --- Asking ---


def test_a_second_invitation_changes_nothing(
    invite: Callable[..., str], bob: User, mailoutbox: list[EmailMessage]
) -> None:
    assert invite("bob") == "user bob has been invited to be an owner of crate demo"
    mailoutbox.clear()

    with nothing_happens():
        said = invite("Bob", "bob")

    pending = "user bob already has a pending invitation to be an owner of crate demo"
    assert said == f"{pending},{pending}"
    assert mailoutbox == []


def test_an_expired_invitation_is_replaced(
    invite: Callable[..., str], demo: Crate, bob: User, settings: Settings
) -> None:
    settings.OWNER_INVITATION_LIFETIME = timedelta(days=2)
    invite("bob")
    expire(demo)
    former = Invitation.objects.get()

    assert invite("bob") == "user bob has been invited to be an owner of crate demo"

    renewed = Invitation.objects.get()
    assert renewed.pk != former.pk
    assert renewed.expires_at - renewed.created_at == timedelta(days=2)


def test_somebody_without_a_verified_address_is_invited_without_a_letter(
    invite: Callable[..., str], bob: User, mailoutbox: list[EmailMessage]
) -> None:
    EmailAddress.objects.filter(user=bob).update(verified=False)
    mailoutbox.clear()

    invite("bob")

    assert mailoutbox == []
    assert Invitation.objects.get(invitee=bob).digest is None


def test_a_closed_account_is_not_invited(demo: Crate, alice_token: str, bob: User) -> None:
    User.objects.filter(pk=bob.pk).update(is_active=False)

    with nothing_happens():
        error = refusal(send("PUT", OWNERS, alice_token, {"users": ["bob"]}), 400)
    assert error["detail"] == "could not find user with login `bob`"


def test_nobody_is_invited_again_and_again(demo: Crate, alice_token: str, bob: User) -> None:
    for _ in range(INVITATIONS_OF_ONE_PERSON_PER_DAY):
        assert send("PUT", OWNERS, alice_token, {"users": ["bob"]}).status_code == 200
        demo.invitations.all().delete()

    error = refusal(send("PUT", OWNERS, alice_token, {"users": ["bob"]}), 429)

    assert error["detail"].startswith("Too many invitations of bob to demo today.")


def test_nobody_invites_without_end(alice: User, alice_token: str) -> None:
    crate = make_crate("demo", owner=alice)
    logins = [make_user(f"guest-{number}").login for number in range(INVITATIONS_PER_DAY + 1)]
    for start in range(0, INVITATIONS_PER_DAY, 10):
        answer = send("PUT", OWNERS, alice_token, {"users": logins[start : start + 10]})
        assert answer.status_code == 200

    refusal(send("PUT", OWNERS, alice_token, {"users": logins[-1:]}), 429)

    assert crate.invitations.count() == INVITATIONS_PER_DAY


def test_a_stranger_with_an_invitation_is_told_why_publishing_fails(
    demo: Crate, alice: User, bob: User, bob_token: str
) -> None:
    make_invitation(demo, bob, alice)

    error = refusal(publish(bob_token, "demo"), 403)

    assert error["detail"] == (
        "this crate exists but you don't seem to be an owner. If you believe this is a mistake, "
        "perhaps you need to accept an invitation to be an owner before publishing."
    )


# --- Answering ---


def test_who_accepts_becomes_an_owner_and_all_owners_hear_of_it(
    invite: Callable[..., str],
    demo: Crate,
    alice: User,
    bob: User,
    bob_token: str,
    mailoutbox: list[EmailMessage],
    django_capture_on_commit_callbacks: Any,
) -> None:
    invite("bob")
    mailoutbox.clear()

    with django_capture_on_commit_callbacks(execute=True):
        answer = reply(demo, bob_token)

    assert answer.json() == {"crate_owner_invitation": {"crate_id": demo.pk, "accepted": True}}
    assert owners() == ["alice", "bob"]
    assert demo.ownerships.get(user=bob).created_by == alice
    assert not Invitation.objects.exists()
    assert sorted(letter.to[0] for letter in mailoutbox) == ["alice@example.com", "bob@example.com"]
    assert publish(bob_token, "demo").status_code == 200
    event = AuditEvent.objects.get(name="owner.added")
    assert (event.actor_kind, event.actor_label, event.subject, event.after) == (
        "person",
        "bob",
        "bob",
        {"invited_by": "alice"},
    )


def test_who_declines_does_not(demo: Crate, alice: User, bob: User, bob_token: str) -> None:
    make_invitation(demo, bob, alice)

    answer = reply(demo, bob_token, accepted=False)

    assert answer.json() == {"crate_owner_invitation": {"crate_id": demo.pk, "accepted": False}}
    assert owners() == ["alice"]
    assert not Invitation.objects.exists()
    assert AuditEvent.objects.get(name="owner.declined").subject == "bob"


def test_after_its_end_an_invitation_can_only_be_declined(
    demo: Crate, alice: User, bob: User, bob_token: str
) -> None:
    make_invitation(demo, bob, alice)
    expire(demo)

    with nothing_happens():
        error = refusal(reply(demo, bob_token), 410)
    assert error["code"] == "invitation_expired"
    assert error["detail"] == (
        "The invitation to become an owner of the demo crate expired. Please reach out to an "
        "owner of the crate to request a new invitation."
    )
    assert reply(demo, bob_token, accepted=False).status_code == 200


def test_accepting_needs_a_verified_address(
    demo: Crate, alice: User, bob: User, bob_token: str
) -> None:
    make_invitation(demo, bob, alice)
    EmailAddress.objects.filter(user=bob).update(verified=False)

    with nothing_happens():
        error = refusal(reply(demo, bob_token), 403)

    assert error["code"] == "email_not_verified"
    assert error["detail"] == (
        "You need to verify your email address before you can accept the invitation to become an "
        "owner of the demo crate."
    )
    assert reply(demo, bob_token, accepted=False).status_code == 200


def test_only_the_invitee_answers(
    demo: Crate, alice: User, alice_token: str, bob: User, charlie_token: str
) -> None:
    make_invitation(demo, bob, alice)
    scoped = create_token(user=bob, name="ci", scopes=["change-owners"]).text

    with nothing_happens():
        for token in (alice_token, charlie_token):
            assert refusal(reply(demo, token), 404)["detail"] == "Not Found"
        assert refusal(reply(demo, scoped), 403)["code"] == "token_lacks_permission"
        refusal(reply(demo, None), 403)


def test_the_id_of_the_body_counts(demo: Crate, alice: User, bob: User, bob_token: str) -> None:
    make_invitation(demo, bob, alice)
    body = {"crate_owner_invite": {"crate_id": demo.pk, "accepted": True}}

    assert send("PUT", f"{MINE}/999999", bob_token, body).status_code == 200
    assert owners() == ["alice", "bob"]


@pytest.mark.parametrize(
    "body",
    [
        {},
        [],
        {"crate_owner_invite": 1},
        {"crate_owner_invite": {"crate_id": 1}},
        {"crate_owner_invite": {"crate_id": "1", "accepted": True}},
        {"crate_owner_invite": {"crate_id": True, "accepted": True}},
        {"crate_owner_invite": {"crate_id": 1, "accepted": 1}},
    ],
)
def test_another_body_is_refused(bob_token: str, body: object) -> None:
    assert refusal(send("PUT", f"{MINE}/1", bob_token, body), 422)["code"] == "wrong_shape"


@pytest.mark.parametrize("crate_id", [0, -1, 2**63, 10**30])
def test_an_id_beyond_the_database_is_unknown(bob_token: str, crate_id: int) -> None:
    body = {"crate_owner_invite": {"crate_id": crate_id, "accepted": True}}

    refusal(send("PUT", f"{MINE}/1", bob_token, body), 404)
    refusal(send("PUT", f"{MINE}/{10**30}", bob_token, body), 404)


# --- By the letter ---


def test_the_letter_is_enough_to_accept_once(
    invite: Callable[..., str], demo: Crate, bob: User, mailoutbox: list[EmailMessage]
) -> None:
    mailoutbox.clear()
    invite("bob")
    [letter] = mailoutbox
    token = token_in(letter)
    assert letter.to == ["bob@example.com"]
    assert token not in str(Invitation.objects.values().get())

    answer = send("PUT", f"{MINE}/accept/{token}")

    assert answer.json() == {"crate_owner_invitation": {"crate_id": demo.pk, "accepted": True}}
    assert owners() == ["alice", "bob"]
    event = AuditEvent.objects.get(name="owner.added")
    assert (event.actor_kind, event.actor_label) == ("letter", "bob (by letter)")
    refusal(send("PUT", f"{MINE}/accept/{token}"), 404)


def test_a_letter_is_void_when_its_invitation_is(
    invite: Callable[..., str],
    demo: Crate,
    alice_token: str,
    bob: User,
    mailoutbox: list[EmailMessage],
) -> None:
    invite("bob")
    token = token_in(mailoutbox[-1])
    EmailAddress.objects.filter(user=bob).update(verified=False)
    refusal(send("PUT", f"{MINE}/accept/{token}"), 403)
    EmailAddress.objects.filter(user=bob).update(verified=True)
    User.objects.filter(pk=bob.pk).update(locked_at=timezone.now(), lock_reason="spam")
    assert refusal(send("PUT", f"{MINE}/accept/{token}"), 403)["code"] == "account_locked"
    User.objects.filter(pk=bob.pk).update(locked_at=None, is_active=False)
    refusal(send("PUT", f"{MINE}/accept/{token}"), 404)
    User.objects.filter(pk=bob.pk).update(is_active=True)
    expire(demo)
    refusal(send("PUT", f"{MINE}/accept/{token}"), 410)
    invite("bob")
    refusal(send("PUT", f"{MINE}/accept/{token}"), 404)
    second = token_in(mailoutbox[-1])
    send("DELETE", OWNERS, alice_token, {"users": ["bob"]})
    refusal(send("PUT", f"{MINE}/accept/{second}"), 404)
    assert owners() == ["alice"]


@pytest.mark.parametrize("token", ["x", "A" * 26, "%00", "%F0%9F%A6%80", "a" * 2000])
def test_a_guess_leads_nowhere(demo: Crate, alice: User, bob: User, token: str) -> None:
    make_invitation(demo, bob, alice)

    refusal(send("PUT", f"{MINE}/accept/{token}"), 404)


def test_a_private_registry_lets_letters_answer(
    invite: Callable[..., str], bob: User, mailoutbox: list[EmailMessage], settings: Settings
) -> None:
    settings.AUTH_REQUIRED = True
    invite("bob")
    token = token_in(mailoutbox[-1])

    assert Client().get(f"/accept-invite/{token}").status_code == 200
    assert send("PUT", f"{MINE}/accept/{token}").status_code == 200
    assert send("GET", MINE).status_code == 401


# --- What becomes of invitations ---


def test_removing_somebody_who_is_only_invited_withdraws(
    demo: Crate, alice: User, alice_token: str, bob: User
) -> None:
    make_invitation(demo, bob, alice)

    answer = send("DELETE", OWNERS, alice_token, {"users": ["BOB"]})

    assert answer.json() == {"ok": True, "msg": "owners successfully removed"}
    assert not Invitation.objects.exists()
    assert AuditEvent.objects.get(name="owner.invitation_withdrawn").subject == "bob"
    refusal(send("DELETE", OWNERS, alice_token, {"users": ["bob"]}), 400)


def test_an_expired_invitation_is_nothing_to_remove(
    demo: Crate, alice: User, alice_token: str, bob: User
) -> None:
    make_invitation(demo, bob, alice)
    expire(demo)

    with nothing_happens():
        refusal(send("DELETE", OWNERS, alice_token, {"users": ["bob"]}), 400)


@pytest.mark.parametrize("by", ["alice", "bob"])
def test_who_is_no_owner_any_more_speaks_for_the_crate_no_more(
    demo: Crate, alice: User, alice_token: str, bob: User, bob_token: str, charlie: User, by: str
) -> None:
    make_owner(demo, bob)
    make_invitation(demo, charlie, bob)
    dora = make_user("dora")
    make_invitation(demo, dora, alice)
    token = {"alice": alice_token, "bob": bob_token}[by]

    send("DELETE", OWNERS, token, {"users": ["bob"]})

    assert [invitation.invitee for invitation in Invitation.objects.all()] == [dora]


def test_a_deleted_crate_takes_its_invitations_along(demo: Crate, alice: User, bob: User) -> None:
    make_invitation(demo, bob, alice)

    assert send("DELETE", "/api/v1/crates/demo", client=browser(alice)).status_code == 204

    assert not Invitation.objects.exists()


# --- Lists ---


def test_a_person_sees_what_waits_for_them(
    demo: Crate, alice: User, bob: User, charlie: User
) -> None:
    waiting = make_invitation(demo, bob, alice)
    make_invitation(demo, charlie, alice)
    make_invitation(make_crate("past", owner=alice), bob, alice, expires_at=timezone.now())

    answer = send("GET", MINE, client=browser(bob))

    assert answer["Cache-Control"] == "no-store"
    [entry] = answer.json()["crate_owner_invitations"]
    times = {key: entry.pop(key) for key in ("created_at", "expires_at")}
    assert times["expires_at"] == waiting.expires_at.isoformat().replace("+00:00", "Z")
    facts = {
        "invitee_id": bob.pk,
        "inviter_id": alice.pk,
        "crate_id": demo.pk,
        "crate_name": "demo",
    }
    assert entry == {"invited_by_username": "alice", **facts}
    assert [user["login"] for user in answer.json()["users"]] == ["alice", "bob"]
    listed = send("GET", f"{LIST}?invitee_id={bob.pk}", client=browser(bob)).json()
    assert listed == {
        "invitations": [{**facts, **times}],
        "users": answer.json()["users"],
        "meta": {"next_page": None},
    }


def test_nothing_waits_at_first(bob: User) -> None:
    assert send("GET", MINE, client=browser(bob)).json() == {
        "crate_owner_invitations": [],
        "users": [],
    }


def test_owners_see_whom_they_wait_for(demo: Crate, alice: User, bob: User, charlie: User) -> None:
    for invitee in (bob, charlie):
        make_invitation(demo, invitee, alice)
    make_invitation(make_crate("other", owner=alice), bob, alice)
    owner = browser(alice)

    first = send("GET", f"{LIST}?crate_name=DEMO&per_page=1", client=owner).json()
    second = send("GET", LIST + first["meta"]["next_page"], client=owner).json()

    assert [entry["invitee_id"] for entry in first["invitations"]] == [bob.pk]
    assert [entry["invitee_id"] for entry in second["invitations"]] == [charlie.pk]
    # It looks a row ahead, so no empty page follows.
    assert second["meta"] == {"next_page": None}
    # The crate wins where both are asked for.
    both = send("GET", f"{LIST}?crate_name=demo&invitee_id=1", client=owner).json()
    assert len(both["invitations"]) == 2


def test_lists_are_for_those_they_concern(
    demo: Crate, alice: User, bob: User, bob_token: str
) -> None:
    Team.objects.create(login="github:org:core", github_id=7, organization_id=42)
    for query, status, detail in [
        ("crate_name=demo", 403, "only crate owners can query pending invitations for their crate"),
        (f"invitee_id={alice.pk}", 403, "only the invitee can query their pending invitations"),
        ("invitee_id=bob", 400, "missing or invalid filter"),
        ("", 400, "missing or invalid filter"),
        ("crate_name=none", 404, "crate `none` does not exist"),
        (f"invitee_id={bob.pk}&page=2", 400, "?page= is not supported for this request"),
        (f"invitee_id={bob.pk}&seek=x", 400, "invalid seek parameter"),
        (f"invitee_id={'9' * 5000}", 403, "only the invitee can query their pending invitations"),
    ]:
        error = refusal(send("GET", f"{LIST}?{query}", client=browser(bob)), status)
        assert error["detail"] == detail
    for path in (MINE, f"{LIST}?invitee_id={bob.pk}"):
        assert refusal(send("GET", path, bob_token), 403)["code"] == "browser_only"
        refusal(send("GET", path), 403)


@pytest.mark.parametrize("count", [1, 10])
def test_lists_take_a_constant_number_of_queries(
    bob: User, count: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(count):
        inviter = make_user(f"owner-{number}")
        make_invitation(make_crate(owner=inviter), bob, inviter)
    client = browser(bob)

    # Session, user, invitations.
    for path in (MINE, f"{LIST}?invitee_id={bob.pk}"):
        with django_assert_num_queries(3):
            assert send("GET", path, client=client).status_code == 200
