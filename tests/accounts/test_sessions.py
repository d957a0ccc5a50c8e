"""Sessions end when they are ended, and the table does not hold what a cookie needs."""

from datetime import timedelta

import pytest
from django.contrib.sessions.backends.base import UpdateError
from django.core.cache import cache
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts import tasks
from accounts.models import AuditEvent, BrowserSession, User
from accounts.sessions import digest

pytestmark = pytest.mark.django_db

PHONE = "Mozilla/5.0 (Phone)"


@pytest.fixture
def phone(alice: User) -> Client:
    """Another browser in which Alice is signed in."""
    client = Client(headers={"user-agent": PHONE})
    client.force_login(alice)
    return client


@pytest.fixture(autouse=True)
def _signed_in(client: Client, alice: User) -> None:
    client.force_login(alice)


def key_of(client: Client) -> str:
    return client.cookies["sessionid"].value


def is_signed_in(client: Client) -> bool:
    return client.get("/settings/profile").status_code == 200


def test_the_table_holds_a_digest_and_whose_it_is(client: Client, alice: User) -> None:
    row = BrowserSession.objects.get()

    assert row.session_key == digest(key_of(client))
    assert row.user == alice


def test_the_digest_opens_nothing(client: Client) -> None:
    thief = Client()
    thief.cookies["sessionid"] = BrowserSession.objects.get().session_key

    assert not is_signed_in(thief)


def test_signing_in_changes_the_key_and_leaves_no_old_row(client: Client, alice: User) -> None:
    before = key_of(client)

    client.force_login(alice)

    assert key_of(client) != before
    assert BrowserSession.objects.count() == 1


def test_a_session_keeps_its_beginning_when_it_changes(client: Client) -> None:
    began = BrowserSession.objects.get().created_at

    session = client.session
    session["anything"] = 1
    session.save()

    row = BrowserSession.objects.get()
    assert row.created_at == began
    assert row.get_decoded()["anything"] == 1


def test_it_notes_who_was_seen_now_and_then(client: Client) -> None:
    long_ago = timezone.now() - timedelta(hours=1)
    BrowserSession.objects.update(last_seen_at=long_ago)

    client.get("/settings/profile", headers={"user-agent": PHONE})

    row = BrowserSession.objects.get()
    assert row.last_seen_at > long_ago
    assert (row.user_agent, row.address) == (PHONE, "127.0.0.1")


@pytest.mark.parametrize("sessions", [1, 4])
def test_the_page_takes_a_constant_number_of_queries(
    client: Client,
    alice: User,
    sessions: int,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    for _ in range(sessions - 1):
        Client().force_login(alice)

    # Session, user, sessions.
    with django_assert_num_queries(3):
        page = client.get("/settings/sessions").content.decode()

    assert page.count("This browser") == 1
    assert "no-store" in client.get("/settings/sessions")["Cache-Control"]


def test_it_ends_one_other_session(client: Client, phone: Client) -> None:
    phone.get("/settings/profile")

    client.post("/settings/sessions/end", {"session": digest(key_of(phone))})

    assert not is_signed_in(phone)
    assert is_signed_in(client)
    assert AuditEvent.objects.filter(name="session.ended").count() == 1


def test_nobody_ends_anothers_session(client: Client, bob: User) -> None:
    other = Client()
    other.force_login(bob)

    answer = client.post("/settings/sessions/end", {"session": digest(key_of(other))})

    assert answer.status_code == 404
    assert is_signed_in(other)


def test_it_signs_out_everywhere_else(client: Client, phone: Client) -> None:
    client.post("/settings/sessions/end-all", {"keep": "this"})

    assert is_signed_in(client)
    assert not is_signed_in(phone)


def test_it_signs_out_everywhere(client: Client, phone: Client) -> None:
    answer = client.post("/settings/sessions/end-all")

    assert answer["Location"] == "/"
    assert not is_signed_in(client)
    assert not is_signed_in(phone)
    assert not BrowserSession.objects.filter(user__isnull=False).exists()


def test_a_request_that_is_under_way_does_not_bring_an_ended_session_back(
    client: Client, alice: User
) -> None:
    session = client.session
    assert session["_auth_user_id"] == str(alice.pk)
    alice.sessions.all().delete()

    session["anything"] = 1
    with pytest.raises(UpdateError):
        session.save()

    assert not BrowserSession.objects.exists()


def test_ended_sessions_are_cleared_away(client: Client) -> None:
    BrowserSession.objects.update(expire_date=timezone.now() - timedelta(seconds=1))

    tasks.delete_ended_sessions()

    assert not BrowserSession.objects.exists()


def test_the_log_lists_ones_own_events_in_pages(
    client: Client, alice: User, bob: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    cache.clear()
    AuditEvent.objects.bulk_create(
        AuditEvent(
            name=f"event.{number}",
            actor_kind="person",
            actor_id=str(alice.pk),
            actor_label="alice",
        )
        for number in range(60)
    )
    AuditEvent.objects.create(
        name="event.bobs", actor_kind="person", actor_id=str(bob.pk), actor_label="bob"
    )

    # Session, user, tokens, events.
    with django_assert_num_queries(4):
        first = client.get("/settings/log")
    second = client.get(f"/settings/log?before={first.context['page'].older}")

    assert first.context["page"].entries[0].event.name == "event.59"
    assert second.context["page"].entries[0].event.name == "event.9"
    assert second.context["page"].older is None
    assert "Event bobs" not in first.content.decode()
    assert client.get("/settings/log?before=٣").status_code == 200


def test_the_log_knows_what_ones_tokens_did(client: Client, alice_token: str, alice: User) -> None:
    token = alice.api_tokens.get()
    AuditEvent.objects.create(
        name="version.yanked", actor_kind="api_token", actor_id=str(token.pk), actor_label="x"
    )

    assert "Version yanked" in client.get("/settings/log").content.decode()
