"""What every deed of the admin keeps to: a reason, a preview, a report, and nobody fooled."""

import pytest
from django.test import Client
from django.utils import timezone

from accounts.admin.deeds import MAX_ROWS, Verdict
from accounts.models import AuditEvent, User
from accounts.operations.erase import erase
from accounts.operations.lock import lock
from accounts.operations.moderators import make_moderator
from registry.actors import System
from tests.accounts.deeds import address, confirm, do, preview

LOCK = "/admin/accounts/user/deeds/lock/"


@pytest.fixture
def mod(client: Client, charlie: User) -> Client:
    """The browser of a moderator."""
    make_moderator(actor=System("tests"), user=charlie)
    client.force_login(charlie)
    return client


def events(name: str = "user.locked") -> list[AuditEvent]:
    return list(AuditEvent.objects.filter(name=name))


def test_several_are_done_at_once_each_with_an_event(mod: Client, alice: User, bob: User) -> None:
    report = do(mod, User, "lock", [alice, bob], reason="sends\n spam")

    assert [row.verdict for row in report] == [Verdict.DONE, Verdict.DONE]
    assert [(event.subject, event.actor_label) for event in events()] == [
        ("alice", "charlie"),
        ("bob", "charlie"),
    ]
    assert {event.after["reason"] for event in events()} == {"sends spam"}
    alice.refresh_from_db()
    assert alice.is_locked()


def test_the_list_leads_to_the_form_and_that_to_the_preview(mod: Client, alice: User) -> None:
    form = {"action": "lock", "_selected_action": [str(alice.pk)]}
    led = mod.post("/admin/accounts/user/", form)
    page = mod.get(led["Location"])
    button = mod.get(f"/admin/accounts/user/{alice.pk}/change/")

    assert led["Location"] == f"{LOCK}?row={alice.pk}"
    assert list(page.context["rows"]) == [alice]
    assert led["Location"] in button.content.decode()
    shown = preview(mod, User, "lock", [alice])
    [row] = shown.context["plan"]
    assert row.effects == ["locked until somebody unlocks it", "0 API tokens are refused meanwhile"]
    assert not events()


def test_nothing_is_done_without_a_reason_by_get_or_without_the_preview(
    mod: Client, alice: User
) -> None:
    silent = preview(mod, User, "lock", [alice], reason=" \n ")
    read = mod.get(LOCK, {"row": str(alice.pk), "reason": "x", "confirm": "yes"})
    unseen = mod.post(LOCK, {"row": str(alice.pk), "reason": "x", "confirm": "yes"})

    assert silent.status_code == 400
    assert read.status_code == 200
    assert unseen.context["report"][0].verdict is Verdict.CHANGED
    assert not events()


def test_a_row_that_changed_meanwhile_is_left_alone(mod: Client, alice: User, bob: User) -> None:
    plan = preview(mod, User, "lock", [alice, bob]).context["plan"]
    lock(actor=System("tests"), user=alice, reason="earlier")

    report = confirm(mod, User, "lock", plan).context["report"]

    assert [row.verdict for row in report] == [Verdict.CHANGED, Verdict.DONE]
    alice.refresh_from_db()
    assert alice.lock_reason == "earlier"


def test_a_confirmation_that_says_something_else_than_its_preview_does_nothing(
    mod: Client, alice: User
) -> None:
    plan = preview(mod, User, "lock", [alice]).context["plan"]

    for other in ({"reason": "another"}, {"until": "2099-01-01"}):
        [row] = confirm(mod, User, "lock", plan, **other).context["report"]
        assert row.verdict is Verdict.CHANGED
    assert not events()


def test_sent_twice_it_is_done_once(mod: Client, alice: User) -> None:
    plan = preview(mod, User, "lock", [alice]).context["plan"]

    first, second = (confirm(mod, User, "lock", plan).context["report"] for _ in range(2))

    assert first[0].verdict is Verdict.DONE
    assert second[0].verdict is Verdict.CHANGED
    assert len(events()) == 1


def test_a_row_that_is_gone_and_one_that_is_refused_are_reported_beside_the_others(
    mod: Client, alice: User, bob: User, charlie: User
) -> None:
    root = User.objects.create_superuser("root", password="x" * 20)
    plan = preview(mod, User, "lock", [alice, bob, root, charlie]).context["plan"]
    allowed = [row for row in plan if row.verdict is Verdict.ALLOWED]
    alice.delete()

    report = confirm(mod, User, "lock", plan).context["report"]

    assert [row.label for row in allowed] == ["alice", "bob"]
    assert {row.label: row.problem for row in plan if row.problem} == {
        "root": "root is on the staff of this registry: ask an administrator",
        "charlie": "this is your own account; ask another administrator",
    }
    assert Verdict.GONE in [row.verdict for row in report]
    assert [event.subject for event in events()] == ["bob"]


def test_a_reason_with_markup_is_text(mod: Client, alice: User) -> None:
    evil = "<script>alert(1)</script>"
    page = preview(mod, User, "lock", [alice], reason=evil).content.decode()
    do(mod, User, "lock", [alice], reason=evil)

    assert evil not in page
    assert "&lt;script&gt;" in page
    for path in ("/admin/accounts/auditevent/", f"/admin/accounts/user/{alice.pk}/change/"):
        shown = mod.get(path).content.decode()
        assert evil not in shown
        assert "&lt;script&gt;" in shown


def test_another_site_cannot_send_it(charlie: User, alice: User) -> None:
    make_moderator(actor=System("tests"), user=charlie)
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(charlie)

    answer = strict.post(LOCK, {"row": str(alice.pk), "reason": "x", "confirm": "yes"})

    assert answer.status_code == 403
    assert not events()


def test_a_session_that_proved_nothing_lately_is_held_up(mod: Client, alice: User) -> None:
    session = mod.session
    session["proved_at"] = 1
    session.save()

    answer = mod.post(LOCK, {"row": [str(alice.pk)], "reason": "spam"})

    assert answer["Location"] == "/confirm-identity"


def test_more_than_somebody_reads_is_refused(mod: Client, alice: User) -> None:
    rows = User.objects.bulk_create(User(login=f"u{number}") for number in range(MAX_ROWS + 1))
    answer = mod.post(LOCK, {"row": [str(row.pk) for row in rows], "reason": "x"})
    chosen = {"action": "lock", "_selected_action": [str(row.pk) for row in rows]}
    listed = mod.post("/admin/accounts/user/", chosen)

    assert answer["Location"] == listed["Location"] == "/admin/accounts/user/"
    assert not events()


@pytest.mark.parametrize("rows", [[], ["x"], ["-1"], ["9" * 30], ["1 OR 1=1"]])
def test_rows_that_are_none_change_nothing(mod: Client, rows: list[str]) -> None:
    answer = mod.post(LOCK, {"row": rows, "reason": "x", "confirm": "yes"})

    assert answer["Location"] == "/admin/accounts/user/"


def test_a_moderator_who_is_locked_or_none_any_more_is_out(mod: Client, charlie: User) -> None:
    User.objects.filter(pk=charlie.pk).update(moderator_since=None)
    assert mod.get(LOCK, {"row": "1"}).status_code == 403

    User.objects.filter(pk=charlie.pk).update(moderator_since=timezone.now())
    assert mod.get(address(User, "lock"), {"row": "1"}).status_code == 200
    assert mod.get(address(User, "nothing"), {"row": "1"}).status_code == 404
    lock(actor=System("tests"), user=charlie, reason="left")
    assert mod.get(LOCK, {"row": "1"}).status_code == 403


def test_of_a_deleted_account_no_reason_tells(mod: Client, alice: User) -> None:
    do(mod, User, "lock", [alice], reason="Alice Liddell sends spam")

    erase(alice)

    [event] = events()
    assert (event.actor_label, event.before, event.after) == ("charlie", {}, {})
    assert event.subject.startswith("deleted account")
