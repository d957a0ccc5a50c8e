"""What quarantine keeps from happening, and what a deletion by a moderator leaves."""

from datetime import timedelta
from typing import Any

import pytest
from django.core import mail

from accounts.errors import InvalidInput, NotAllowed, Refusal
from accounts.models import AuditEvent, User
from accounts.operations.moderators import make_moderator
from registry import storage
from registry.actors import Moderator, Person, System
from registry.errors import InQuarantine
from registry.models import Crate, Ownership, ReservedName, Version
from registry.operations import index, set_aside
from registry.operations.close_account import close_account
from registry.operations.names import release, reserve
from registry.operations.owners import add_owners, remove_owners, replace_owners
from registry.operations.quarantine import (
    quarantine_crate,
    quarantine_user,
    quarantine_version,
    release_crate,
    release_user,
    release_version,
)
from registry.operations.remove import remove_crate, remove_version
from registry.operations.settings import set_trustpub_only
from registry.operations.yank import yank
from tests.factories.registry import make_crate, make_owner, make_version
from tests.wire import nothing_happens, publish, refusal

pytestmark = pytest.mark.django_db
SHELL = System("tests")


@pytest.fixture
def crate(alice: User) -> Crate:
    crate = make_crate("tide", owner=alice)
    make_version(crate, "1.0.0", index_line='{"name":"tide","vers":"1.0.0"}')
    make_version(crate, "1.1.0", index_line='{"name":"tide","vers":"1.1.0"}')
    return crate


def hide(crate: Crate) -> None:
    quarantine_crate(actor=SHELL, crate=crate, reason="malware")


@pytest.mark.parametrize("name", ["tide", "TIDE"])
def test_its_name_stays_taken_and_its_owner_is_told_why_not(
    crate: Crate, alice_token: str, bob_token: str, name: str
) -> None:
    hide(crate)

    for token in (alice_token, bob_token):
        with nothing_happens():
            problem = refusal(publish(token, name, "2.0.0"), 403)
        assert problem["code"] == "quarantined"
        assert "its name stays taken" in problem["detail"]


def test_who_held_it_already_changes_nothing_any_more(crate: Crate, alice: User, bob: User) -> None:
    version = crate.versions.first()
    assert version
    hide(crate)
    owner = Person(alice)

    for change in (
        lambda: yank(actor=owner, version=version),
        lambda: add_owners(actor=owner, crate=crate, logins=["bob"]),
        lambda: remove_owners(actor=owner, crate=crate, logins=["alice"]),
        lambda: set_trustpub_only(actor=owner, crate=crate, trustpub_only=True),
    ):
        with pytest.raises(InQuarantine):
            change()


def test_a_version_that_is_hidden_is_neither_yanked_nor_published_again(
    crate: Crate, alice: User, alice_token: str
) -> None:
    version = Version.objects.get(num="1.1.0")
    quarantine_version(actor=SHELL, version=version, reason="malware")

    with pytest.raises(InQuarantine):
        yank(actor=Person(alice), version=version)
    refusal(publish(alice_token, "tide", "1.1.0"), 400)
    assert publish(alice_token, "tide", "1.2.0").status_code == 200
    crate.refresh_from_db()
    assert (crate.num_versions, crate.max_version) == (2, "1.2.0")
    release_version(actor=SHELL, version=version, reason="fine")
    crate.refresh_from_db()
    assert (crate.num_versions, crate.max_version) == (3, "1.2.0")


def test_both_keep_their_own_quarantine(crate: Crate, alice: User) -> None:
    first = Version.objects.get(num="1.0.0")
    quarantine_version(actor=SHELL, version=first, reason="malware")
    hide(crate)
    quarantine_user(actor=SHELL, user=alice)

    for change in (
        lambda: hide(crate),
        lambda: quarantine_user(actor=SHELL, user=alice),
        lambda: quarantine_version(actor=SHELL, version=first, reason="again"),
    ):
        with pytest.raises(InvalidInput, match="in quarantine already"):
            change()
    release_crate(actor=SHELL, crate=crate, reason="fine")
    assert not Crate.objects.exists()
    release_user(actor=SHELL, user=alice)
    assert [version.num for version in Version.objects.all()] == ["1.1.0"]
    with pytest.raises(InvalidInput, match="not in quarantine"):
        release_crate(actor=SHELL, crate=crate, reason="again")


def test_a_crate_with_another_owner_stays_until_that_one_goes(
    crate: Crate, alice: User, bob: User
) -> None:
    make_owner(crate, bob)
    quarantine_user(actor=SHELL, user=alice)
    assert Crate.objects.get() == crate

    replace_owners(actor=SHELL, crate=crate, logins=["alice"])
    assert not Crate.objects.exists()
    add_owners(actor=SHELL, crate=crate, logins=["bob"])
    assert Crate.objects.get() == crate
    assert AuditEvent.objects.get(name="user.quarantined").after == {"crates": []}


def test_nobody_closes_an_account_to_lose_a_hidden_crate(crate: Crate, alice: User) -> None:
    hide(crate)

    with pytest.raises(Refusal, match="tide"):
        close_account(user=alice)


def test_a_person_in_quarantine_may_do_nothing_and_is_told_why(
    alice: User, alice_token: str, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        quarantine_user(actor=SHELL, user=alice, reason="mines coins")
    problem = refusal(publish(alice_token, "fresh"), 403)

    assert problem["code"] == "account_locked"
    assert "Reason: mines coins" in problem["detail"]
    with django_capture_on_commit_callbacks(execute=True):
        release_user(actor=SHELL, user=alice)
    shut, opened = mail.outbox
    assert shut.subject == "Your account alice was put into quarantine"
    assert "They say why: mines coins" in str(shut.body)
    assert "Crates that nobody else owns are hidden" in " ".join(str(shut.body).split())
    assert "your tokens work as before" in str(opened.body)
    alice.refresh_from_db()
    assert alice.quarantine_reason == ""


def test_the_storage_may_fail_and_the_clock_mends_it(
    crate: Crate, django_capture_on_commit_callbacks: Any
) -> None:
    for version in crate.versions.all():
        storage.objects().write(storage.archive_key("tide", version.num), b"archive")
    index.write("tide")
    # Nothing that follows the commit happens: the process has died.
    hide(crate)
    assert storage.objects().exists(storage.index_key("tide"))

    assert index.sweep() == 1

    assert not storage.objects().exists(storage.index_key("tide"))
    assert list(storage.objects().walk("crates")) == []
    assert len(list(storage.objects().walk("quarantine"))) == 2
    # Moved, and then the process died before the row said so.
    Version.everything.update(set_aside_at=None)
    index.write("tide")
    assert set_aside.out_of_place(crate) == []
    assert len(list(storage.objects().walk("quarantine"))) == 2


# --- Deleted by a moderator ---


def test_a_deleted_number_and_name_stay_taken_as_long_as_was_said(
    crate: Crate, alice_token: str, alice: User
) -> None:
    version = Version.objects.get(num="1.1.0")
    remove_version(actor=SHELL, version=version, reason="secrets", held_for=timedelta(days=2))

    assert refusal(publish(alice_token, "tide", "1.1.0+build"), 409)["code"] == "version_deleted"
    assert publish(alice_token, "tide", "1.2.0").status_code == 200
    with pytest.raises(InvalidInput, match="delete the crate lone instead"):
        lone = make_version(make_crate("lone"))
        remove_version(actor=SHELL, version=lone, reason="x", held_for=None)

    remove_crate(actor=SHELL, crate=crate, reason="malware", held_for=None)
    assert refusal(publish(alice_token, "Tide", "3.0.0"), 400)["code"] in (
        "name_recently_deleted",
        "name_reserved",
    )
    assert ReservedName.objects.latest("pk").canonical_name == "tide"


def test_owners_hear_why_but_not_by_whom(
    crate: Crate, charlie: User, django_capture_on_commit_callbacks: Any
) -> None:
    make_moderator(actor=SHELL, user=charlie)
    charlie.refresh_from_db()
    actor = Moderator(charlie, "malware")

    with django_capture_on_commit_callbacks(execute=True):
        quarantine_crate(actor=actor, crate=crate, reason="malware")
    with django_capture_on_commit_callbacks(execute=True):
        remove_crate(actor=actor, crate=crate, reason="malware", held_for=timedelta(days=9))

    assert [letter.to for letter in mail.outbox] == [["alice@example.com"]] * 2
    for letter in mail.outbox:
        assert "malware" in str(letter.body)
        assert "charlie" not in str(letter.body)
    event = AuditEvent.objects.get(name="crate.deleted")
    assert (event.actor_label, event.after["reason"]) == ("charlie", "malware")


def test_a_transfer_leaves_nobody_else(crate: Crate, alice: User, bob: User, charlie: User) -> None:
    make_owner(crate, charlie)
    replace_owners(actor=SHELL, crate=crate, logins=["bob"])

    assert [ownership.user for ownership in Ownership.objects.all()] == [bob]
    with pytest.raises(InvalidInput, match="already"):
        replace_owners(actor=SHELL, crate=crate, logins=["BOB"])
    with pytest.raises(InvalidInput, match="could not find"):
        replace_owners(actor=SHELL, crate=crate, logins=["nobody"])


@pytest.mark.parametrize(
    ("pattern", "name", "is_taken"),
    [
        ("acme-*", "acme_tools", True),
        ("ACME-*", "Acme-x", True),
        ("acme-*", "acme", False),
        ("*-official", "tide-official", True),
        ("acme", "acme", True),
        ("a?me", None, False),
        ("*", None, False),
        ("[a-z]*", None, False),
    ],
)
def test_patterns_reserve_what_fits(
    alice_token: str, pattern: str, name: str | None, is_taken: bool
) -> None:
    if name is None:
        with pytest.raises(InvalidInput):
            reserve(actor=SHELL, pattern=pattern, reason="brand")
        return
    reserve(actor=SHELL, pattern=pattern, reason="brand")

    assert publish(alice_token, name).status_code == (400 if is_taken else 200)
    release(actor=SHELL, reserved=ReservedName.objects.latest("pk"))
    assert publish(alice_token, name, "0.2.0").status_code == 200


def test_owners_may_none_of_it(crate: Crate, alice: User) -> None:
    owner, version = Person(alice), Version.objects.get(num="1.0.0")
    for change in (
        lambda: quarantine_crate(actor=owner, crate=crate, reason="x"),
        lambda: release_crate(actor=owner, crate=crate, reason="x"),
        lambda: quarantine_version(actor=owner, version=version, reason="x"),
        lambda: release_version(actor=owner, version=version, reason="x"),
        lambda: quarantine_user(actor=owner, user=alice),
        lambda: release_user(actor=owner, user=alice),
        lambda: remove_crate(actor=owner, crate=crate, reason="x", held_for=None),
        lambda: remove_version(actor=owner, version=version, reason="x", held_for=None),
        lambda: reserve(actor=owner, pattern="tide", reason="x"),
        lambda: replace_owners(actor=Moderator(alice, "x"), crate=crate, logins=["alice"]),
    ):
        with pytest.raises(NotAllowed):
            change()
