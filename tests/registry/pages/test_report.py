"""Reporting a crate, and what moderators do about it."""

import re
from typing import Any

import pytest
from django.conf import LazySettings
from django.core import mail
from django.db import IntegrityError, transaction
from django.test import Client

from accounts.admin.deeds import Verdict
from accounts.models import AuditEvent, User
from accounts.operations.moderators import make_moderator
from accounts.powers import Moderator
from registry.actors import System
from registry.errors import ReportResolved
from registry.models import Crate, Report
from registry.operations.reports import report, resolve_report
from tests.accounts.deeds import address, do, preview
from tests.conftest import person
from tests.factories.registry import make_crate, make_version

pytestmark = pytest.mark.django_db

FORM = {"category": "malware", "num": "", "text": "build.rs sends ~/.ssh to a host"}


@pytest.fixture
def tide(alice: User) -> Crate:
    crate = make_crate("tide", owner=alice)
    make_version(crate)
    return crate


@pytest.fixture
def mona(db: None) -> User:
    user = person("mona", 901)
    make_moderator(actor=System("tests"), user=user)
    user.refresh_from_db()
    return user


def test_a_report_reaches_the_moderators_and_its_outcome_the_reporter(
    client: Client, tide: Crate, bob: User, mona: User, django_capture_on_commit_callbacks: Any
) -> None:
    assert 'href="/crates/tide/report"' in client.get("/crates/tide").content.decode()
    assert client.get("/crates/tide/report")["Location"].startswith("/sign-in")
    client.force_login(bob)

    with django_capture_on_commit_callbacks(execute=True):
        answer = client.post("/crates/tide/report", FORM | {"num": "1.0.0"})

    assert answer["Location"] == "/crates/tide"
    row = Report.objects.get()
    assert (row.crate, row.num, row.reporter, row.state) == (tide, "1.0.0", bob, "open")
    [letter] = mail.outbox
    assert letter.to == ["mona@example.com"]
    assert letter.subject == "tide was reported: It does harm: steals, spies, destroys"
    assert f"/admin/registry/report/{row.pk}/change/" in letter.body
    # What they wrote stays behind the sign-in.
    assert "build.rs" not in letter.body
    page = client.get("/crates/tide/report").content.decode()
    assert "have not decided yet" in page
    assert "<textarea" not in page

    with django_capture_on_commit_callbacks(execute=True):
        resolve_report(
            actor=Moderator(mona, "Quarantined."),
            report=row,
            state="acted_on",
            answer="Quarantined.",
        )

    outcome = mail.outbox[-1]
    assert outcome.to == ["bob@example.com"]
    assert "done something about it" in outcome.body
    assert "Quarantined." in outcome.body
    made, resolved = AuditEvent.objects.filter(name__startswith="report.").order_by("pk")
    assert (made.name, made.actor_label, made.crate) == ("report.made", "bob", "")
    assert (resolved.actor_label, resolved.after["reason"]) == ("mona", "Quarantined.")
    # It can be reported again.
    assert "<textarea" in client.get("/crates/tide/report").content.decode()
    with pytest.raises(ReportResolved):
        resolve_report(actor=System("x"), report=row, state="dismissed", answer="")


def test_owners_do_not_see_who_reported(
    client: Client, tide: Crate, alice: User, bob: User
) -> None:
    report(user=bob, crate=tide, category="other", text="x")
    client.force_login(alice)

    page = client.get("/crates/tide/settings/events").content.decode()

    assert "report.made" not in page
    # The name alone may be part of a form's random token.
    assert not re.search(r"\bbob\b", page)


@pytest.mark.parametrize(
    ("form", "problem"),
    [
        ({"category": "rude"}, "choose what is wrong"),
        ({"text": " \r\n "}, "say what you found"),
        ({"text": "x" * 4001}, "longer than 4000"),
        ({"num": "9.9.9"}, "has no version 9.9.9"),
    ],
)
def test_what_is_wrong_is_said_beside_what_was_typed(
    client: Client, tide: Crate, bob: User, form: dict[str, str], problem: str
) -> None:
    client.force_login(bob)

    answer = client.post("/crates/tide/report", FORM | form)

    assert answer.status_code == 400
    assert problem in answer.content.decode()
    assert answer.context["sent"]["text"] == (FORM | form)["text"].strip()
    assert not Report.objects.exists()


def test_one_report_of_a_crate_is_open_at_once(client: Client, tide: Crate, bob: User) -> None:
    client.force_login(bob)
    client.post("/crates/tide/report", FORM)

    assert client.post("/crates/tide/report", FORM).status_code == 409
    assert Report.objects.count() == 1
    for state in ("acted_on", "nonsense"):
        with pytest.raises(IntegrityError), transaction.atomic():
            Report.objects.create(crate_name="reef", category="other", text="x", state=state)


def test_somebody_who_reports_everything_has_to_wait(
    client: Client, tide: Crate, bob: User, settings: LazySettings
) -> None:
    settings.REPORTS_PER_DAY = 1
    client.force_login(bob)
    client.post("/crates/tide/report", FORM)
    make_crate("reef")

    answer = client.post("/crates/reef/report", FORM)

    assert answer.status_code == 429
    assert "Retry-After" in answer.headers


@pytest.mark.parametrize(("deed", "state"), [("acted-on", "acted_on"), ("dismiss", "dismissed")])
def test_moderators_close_reports_with_a_reason_and_nobody_else_does(
    client: Client, tide: Crate, bob: User, mona: User, deed: str, state: str
) -> None:
    row = report(user=bob, crate=tide, category="other", text="odd")
    client.force_login(bob)
    assert client.get(address(Report, deed)).status_code == 302
    client.force_login(mona)
    assert "odd" in client.get(f"/admin/registry/report/{row.pk}/change/").content.decode()

    do(client, Report, deed, [row], reason="Looked at.")

    done = Report.objects.get()
    assert (done.state, done.answer, done.resolved_by) == (state, "Looked at.", mona)
    # Two moderators at once: the second finds it closed.
    assert preview(client, Report, deed, [row]).context["plan"][0].verdict is Verdict.REFUSED


def test_a_report_outlives_crate_and_reporter(tide: Crate, bob: User) -> None:
    report(user=bob, crate=tide, category="other", text="x")

    tide.delete()
    bob.delete()

    row = Report.objects.get()
    assert (row.crate, row.reporter, row.crate_name) == (None, None, "tide")
