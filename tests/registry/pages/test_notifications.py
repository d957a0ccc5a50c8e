import re
from typing import Any

import pytest
from django.core.mail import EmailMessage
from django.test import Client
from pytest_django import DjangoAssertNumQueries, Settings

from accounts.models import AuditEvent, User
from registry import tasks
from registry.models import Crate, Ownership
from registry.operations.notifications import unsubscribe_token
from tests.factories.registry import make_crate, make_owner, make_version

pytestmark = pytest.mark.django_db
PAGE = "/settings/notifications"


@pytest.fixture
def tide(alice: User) -> Crate:
    return make_crate("tide", owner=alice)


@pytest.fixture
def link(tide: Crate, alice: User) -> str:
    return f"/unsubscribe/{unsubscribe_token(alice, tide)}"


def wants(user: User) -> tuple[bool, dict[str, bool]]:
    user.refresh_from_db()
    rows = Ownership.objects.filter(user=user)
    return user.publish_notifications, {
        str(row.crate): row.email_notifications for row in rows.select_related("crate")
    }


# --- The page ---


def test_the_account_and_each_crate_have_a_switch(
    client: Client, tide: Crate, alice: User, bob: User
) -> None:
    reef = make_crate("reef", owner=alice)
    other = make_crate("other", owner=bob)
    client.force_login(alice)
    shown = [tide.pk, reef.pk, other.pk, "x", "9" * 30]

    answer = client.post(PAGE, {"all": "on", "shown": shown, "wanted": [reef.pk]}, follow=True)

    assert "Your choice is saved." in answer.content.decode()
    assert wants(alice) == (True, {"tide": False, "reef": True})
    assert wants(bob) == (True, {"other": True})
    [event] = AuditEvent.objects.filter(name="owner.notifications_changed")
    assert (event.crate, event.actor_kind, event.after) == (
        "tide",
        "person",
        {"email_notifications": False},
    )

    client.post(PAGE, {"shown": [tide.pk, reef.pk], "wanted": [tide.pk, reef.pk]})
    assert wants(alice) == (False, {"tide": True, "reef": True})


@pytest.mark.parametrize("count", [1, 120])
def test_the_page_takes_a_constant_number_of_queries(
    client: Client, alice: User, count: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    client.force_login(alice)
    for number in range(count):
        make_crate(f"tide-{number}", owner=alice)

    # Session, user, number of crates, crates, address; whether there are crates comes with them.
    with django_assert_num_queries(5):
        page = client.get(PAGE).content.decode()

    assert page.count('name="shown"') == min(count, 100)


# --- The link ---


def test_the_link_of_a_letter_ends_the_letters(
    client: Client,
    tide: Crate,
    alice: User,
    mailoutbox: list[EmailMessage],
    django_capture_on_commit_callbacks: Any,
) -> None:
    mailoutbox.clear()
    version = make_version(tide)
    tasks.mail_version_published(version.pk, "alice")
    found = re.search(r"http://127\.0\.0\.1:8000(/unsubscribe/\S+)\n", str(mailoutbox[0].body))
    assert found
    link = found[1]

    # What a program that looks into letters does.
    assert client.get(link).status_code == 200
    assert wants(alice) == (True, {"tide": True})

    # What a mail program sends when its own button is pressed: no cookie, no token of a form.
    caller = Client(enforce_csrf_checks=True)
    with django_capture_on_commit_callbacks(execute=True):
        answer = caller.post(
            link, "List-Unsubscribe=One-Click", content_type="application/x-www-form-urlencoded"
        )

    assert answer.status_code == 200
    assert wants(alice) == (False, {"tide": True})
    event = AuditEvent.objects.get(name="user.notifications_changed")
    assert (event.actor_kind, event.actor_label) == ("letter", "alice (by letter)")
    assert mailoutbox[-1].subject == "You will not hear of new versions any more"
    mailoutbox.clear()
    tasks.mail_version_published(version.pk, "alice")
    assert mailoutbox == []


def test_the_page_of_the_link_may_end_those_of_one_crate(
    client: Client, tide: Crate, alice: User, link: str
) -> None:
    make_crate("reef", owner=alice)
    assert "Stop them for this crate alone" in client.get(link).content.decode()

    page = client.post(link, {"letters": "crate"}).content.decode()

    assert "no more letters about new versions of tide" in page
    assert wants(alice) == (True, {"reef": True, "tide": False})
    assert AuditEvent.objects.get(name="owner.notifications_changed").actor_kind == "letter"


def test_the_link_outlives_the_ownership(
    client: Client, tide: Crate, alice: User, bob: User, link: str
) -> None:
    make_owner(tide, bob)
    Ownership.objects.filter(user=alice).delete()

    assert "for this crate alone" not in client.get(link).content.decode()
    assert client.post(link, {"letters": "crate"}).status_code == 200
    assert client.post(link).status_code == 200
    assert wants(alice) == (False, {})
    assert wants(bob) == (True, {"tide": True})


def test_another_link_ends_nothing(client: Client, tide: Crate, alice: User, link: str) -> None:
    signature = link.rsplit(":", 1)[1]
    for forged in (f"{alice.pk}.{tide.pk}", f"{alice.pk}.{tide.pk + 1}:{signature}", "x", "é:%00"):
        answer = client.post(f"/unsubscribe/{forged}")
        assert answer.status_code == 404
        assert "not one of ours" in answer.content.decode()
    User.objects.all().delete()
    assert client.post(link).status_code == 404


def test_a_private_registry_lets_the_link_through(
    client: Client, alice: User, link: str, settings: Settings
) -> None:
    settings.AUTH_REQUIRED = True

    assert client.get(link).status_code == 200
    assert client.post(link).status_code == 200
    assert wants(alice)[0] is False
