from datetime import timedelta
from typing import Any

import pytest
from django.core.mail import EmailMessage
from django.test import Client
from django.utils import timezone

from accounts.models import AuditEvent, User
from registry.models import Crate, DeletedCrate, Keyword, Ownership, Version
from registry.operations import delete, index
from tests.factories.registry import make_crate, make_dependency, make_version
from tests.wire import nothing_happens, publish, refusal, send, stored_files

TIDE = "/api/v1/crates/tide"


@pytest.fixture
def browser(alice: User) -> Client:
    client = Client()
    client.force_login(alice)
    return client


@pytest.fixture
def old(alice: User) -> Crate:
    """Some days past the time in which everything may be deleted."""
    crate = make_crate("tide", owner=alice, created_at=timezone.now() - timedelta(days=40))
    make_version(crate)
    return crate


def test_the_owner_deletes_everything_but_the_memory(
    alice: User,
    alice_token: str,
    browser: Client,
    mailoutbox: list[EmailMessage],
    django_capture_on_commit_callbacks: Any,
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        assert publish(alice_token, "tide").status_code == 200
    assert len(stored_files()) == 2
    mailoutbox.clear()

    with django_capture_on_commit_callbacks(execute=True):
        answer = send("DELETE", f"{TIDE}?message=typo", client=browser)

    assert (answer.status_code, answer.content) == (204, b"")
    assert not Version.objects.exists()
    assert refusal(send("GET", TIDE), 404)
    assert stored_files() == []
    assert list(index.differences()) == []
    deleted = DeletedCrate.objects.get()
    assert (deleted.name, deleted.message, deleted.deleted_by) == ("tide", "typo", alice)
    assert not deleted.has_files
    assert AuditEvent.objects.get(name="crate.deleted").before["versions"] == ["0.1.0"]
    [letter] = mailoutbox
    assert (letter.to, letter.subject) == (["alice@example.com"], "tide was deleted")
    assert "You gave this reason: typo" in letter.body


def test_the_name_is_held_for_a_day(alice: User, bob_token: str, browser: Client) -> None:
    make_crate("Tide-Pool", owner=alice)
    send("DELETE", "/api/v1/crates/tide_pool", client=browser)

    with nothing_happens():
        error = refusal(publish(bob_token, "tide_pool"), 400)
    assert error["code"] == "name_recently_deleted"
    assert "`tide_pool` was recently deleted" in error["detail"]

    DeletedCrate.objects.update(available_at=timezone.now())
    assert publish(bob_token, "tide_pool").status_code == 200


def test_a_late_job_leaves_what_was_published_since(
    alice: User, alice_token: str, browser: Client
) -> None:
    assert publish(alice_token, "tide").status_code == 200
    send("DELETE", TIDE, client=browser)
    DeletedCrate.objects.update(available_at=timezone.now())
    assert publish(alice_token, "tide").status_code == 200

    delete.sweep()

    assert "crates/tide/tide-0.1.0.crate" in stored_files()
    assert not DeletedCrate.objects.filter(has_files=True).exists()


def test_counts_of_keywords_go_down(alice: User, browser: Client) -> None:
    make_crate("tide", owner=alice, keywords=["sea"])

    send("DELETE", TIDE, client=browser)

    assert Keyword.objects.get().crates_cnt == 0


def test_only_an_owner_in_a_browser_may(alice: User, alice_token: str, bob: User) -> None:
    make_crate("tide", owner=alice)
    stranger = Client()
    stranger.force_login(bob)

    with nothing_happens():
        error = refusal(send("DELETE", TIDE, client=stranger), 403)
        assert error["detail"] == "only owners have permission to delete crates"
        assert refusal(send("DELETE", TIDE, alice_token), 403)["code"] == "browser_only"
        assert refusal(send("DELETE", TIDE), 403)["code"] == "authentication_required"


def test_an_old_crate_of_one_owner_that_few_download_may_go(old: Crate, browser: Client) -> None:
    Crate.objects.update(downloads=2000)

    assert send("DELETE", TIDE, client=browser).status_code == 204


def test_an_old_crate_of_several_owners_stays(old: Crate, bob: User, browser: Client) -> None:
    Ownership.objects.create(crate=old, user=bob)

    with nothing_happens():
        error = refusal(send("DELETE", TIDE, client=browser), 422)

    assert error["code"] == "cannot_delete"
    assert error["detail"] == "only crates with a single owner can be deleted after 72 hours"


def test_an_old_crate_that_many_download_stays(old: Crate, browser: Client) -> None:
    Crate.objects.update(downloads=2001)

    with nothing_happens():
        error = refusal(send("DELETE", TIDE, client=browser), 422)

    assert "less than 1000 downloads per month" in error["detail"]


def test_a_crate_that_others_need_stays_however_young(alice: User, browser: Client) -> None:
    tide = make_crate("tide", owner=alice)
    make_dependency(make_version(tide), "tide")
    assert Crate.objects.count() == 1
    make_dependency(make_version(make_crate("moon"), yanked=True), "tide", kind="dev")

    with nothing_happens():
        error = refusal(send("DELETE", TIDE, client=browser), 422)

    assert "(e.g. moon@1.0.0 depends on this crate)" in error["detail"]


def test_what_depends_on_itself_may_go(alice: User, browser: Client) -> None:
    make_dependency(make_version(make_crate("tide", owner=alice)), "tide")

    assert send("DELETE", TIDE, client=browser).status_code == 204


def test_odd_requests(alice: User, browser: Client) -> None:
    make_crate("tide", owner=alice)

    assert refusal(send("DELETE", f"{TIDE}?message=%00", client=browser), 400)
    assert refusal(send("DELETE", "/api/v1/crates/nope", client=browser), 404)
