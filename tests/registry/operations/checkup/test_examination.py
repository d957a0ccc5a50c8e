"""Each finding of `doctor`, made to appear by what would cause it."""

import json
import os
from collections.abc import Iterator
from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.core import mail
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone

from accounts.models import User
from adapters.http import RawAnswer
from registry.models import JobRun
from registry.operations.checkup import data, front, machine, work
from registry.operations.checkup.examination import examine
from registry.operations.checkup.finding import Check, Finding, Level
from tests.server import Server
from trustpub.models import Issuer
from trustpub.operations import checkup as of_issuers

pytestmark = pytest.mark.django_db
PUBLIC = "https://crates.example.com"


def only(check: Check) -> Finding:
    [finding] = check()
    return finding


@pytest.fixture
def data_dir(settings: LazySettings, tmp_path: Path) -> Path:
    settings.DATA_DIR = tmp_path
    return tmp_path


@pytest.mark.parametrize(
    ("check", "changed", "level", "words"),
    [
        (machine.switches, {"DEBUG": True, "PUBLIC_URL": PUBLIC}, "problem", "public address"),
        (machine.switches, {"DEBUG": True}, "warning", "in the browser"),
        (machine.switches, {"DEV_LOGIN": True, "PUBLIC_URL": PUBLIC}, "problem", "as anybody"),
        (machine.switches, {"PUBLIC_URL": PUBLIC}, "warning", "sign in with GitHub"),
        (machine.secret_key, {"SECRET_KEY": "changeme"}, "problem", "guessed"),
        (machine.secret_key, {"SECRET_KEY": "a" * 60}, "problem", "guessed"),
        (work.mail, {"PUBLIC_URL": PUBLIC, "EMAIL_HOST": ""}, "warning", "nobody gets them"),
        (front.proxies, {"PUBLIC_URL": PUBLIC}, "warning", "share one address"),
        (data.stored_objects, {"STORAGE_URL": "file:///proc/none"}, "problem", "file:///proc"),
    ],
)
def test_what_is_set_wrong_is_named_with_a_remedy(
    settings: LazySettings, check: Check, changed: dict[str, object], level: str, words: str
) -> None:
    for name, value in changed.items():
        setattr(settings, name, value)

    found = [finding for finding in check() if finding.level == level]

    assert any(words in finding.text and finding.remedy for finding in found), found


@pytest.mark.parametrize(
    "check",
    [machine.disk, machine.sqlite_library, data.database, data.stored_objects, data.migrations],
)
def test_what_is_well_says_so(check: Check, data_dir: Path) -> None:
    assert {finding.level for finding in check()} <= {Level.OK, Level.WARNING}


def test_a_key_that_others_can_read_is_a_problem(settings: LazySettings, data_dir: Path) -> None:
    settings.SECRET_KEY = "abcdefghijklmnopqrstuvwxyz0123456789abcd"
    path = data_dir / "secret_key"
    path.write_text(settings.SECRET_KEY)
    path.chmod(0o640)

    assert only(machine.secret_key).remedy == f"chmod 600 {path}"

    path.chmod(0o600)
    assert only(machine.secret_key).level is Level.OK


def test_migrations_that_are_missing_are_named() -> None:
    [(_, newest)] = MigrationLoader(connection).graph.leaf_nodes("registry")
    MigrationRecorder.Migration.objects.filter(app="registry", name=newest).delete()

    assert f"registry.{newest}" in only(data.migrations).text


def test_jobs_that_fail_or_are_late_and_a_silent_worker_are_problems() -> None:
    assert only(work.worker_and_clock).text == "no job has ever run here"
    ago = timezone.now() - timedelta(hours=3)
    JobRun.objects.create(job="trustpub.expire", sent_at=ago, finished_at=ago, succeeded=False)

    assert [finding.level for finding in work.worker_and_clock()] == [Level.PROBLEM] * 2
    assert "too long ago" in only(work.jobs).text
    JobRun.objects.update(finished_at=timezone.now(), result="OSError")
    assert "failed (OSError)" in only(work.jobs).text


def test_a_mail_server_that_is_away_is_a_problem(settings: LazySettings) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9

    assert only(work.mail).text == "127.0.0.1:9: ConnectionRefusedError"


@pytest.mark.parametrize(("seconds", "level"), [(3, Level.OK), (40, Level.PROBLEM)])
def test_a_clock_that_is_wrong_is_a_problem(seconds: int, level: Level) -> None:
    there = timezone.now() - timedelta(seconds=seconds)
    answer = RawAnswer(200, b"", {"date": f"{there:%a, %d %b %Y %H:%M:%S} GMT"})

    [finding] = front.clock_of("elsewhere", answer)

    assert finding.level is level


def test_an_issuer_that_does_not_answer_is_a_problem_where_it_is_used(alice: User) -> None:
    Issuer.objects.all().delete()
    Issuer.objects.create(provider="github", url="http://127.0.0.1:9", name="Away")

    found = only(of_issuers.issuers)
    assert "http://127.0.0.1:9" in found.text
    # Nobody publishes from there yet.
    assert found.level is Level.WARNING

    call_command(
        "add_publisher",
        "tide",
        "github",
        "repository_owner=ferris-labs",
        "repository_name=tidepool",
        "workflow_filename=release.yml",
        "--issuer=http://127.0.0.1:9",
        "--pending-owner=alice",
    )
    assert only(of_issuers.issuers).level is Level.PROBLEM


def test_a_server_that_is_not_there_is_a_problem(settings: LazySettings) -> None:
    settings.PUBLIC_URL = "http://127.0.0.1:9"

    assert "does not answer" in only(front.public_url).text


@pytest.mark.once
def test_the_running_server_is_recognised(settings: LazySettings, running_server: Server) -> None:
    settings.PUBLIC_URL = running_server.url
    found = {finding.check: finding for finding in front.public_url()}

    assert {finding.level for finding in found.values()} == {Level.OK}, found
    assert set(found) == {"PUBLIC_URL", "time", "headers"}

    # The same server under a name that it does not know, and one that should be private.
    settings.PUBLIC_URL = running_server.url.replace("127.0.0.1", "localhost")
    assert "something else answers" in next(front.public_url()).text
    settings.PUBLIC_URL, settings.AUTH_REQUIRED = running_server.url, True
    assert "answers without a token" in next(front.public_url()).text


@pytest.fixture
def two_checks(settings: LazySettings) -> Iterator[None]:
    settings.CHECKUP = [
        f"{__name__}.breaks",
        "registry.operations.checkup.machine.switches",
    ]
    return iter([None])


def breaks() -> Iterator[Finding]:
    raise ValueError(os.linesep)


def test_a_check_that_breaks_stops_no_other(two_checks: None) -> None:
    assert [finding.check for finding in examine()] == ["breaks", "DEBUG", "DEV_LOGIN"]


def test_the_command_exits_1_and_speaks_json(two_checks: None) -> None:
    said = StringIO()

    with pytest.raises(CommandError, match="1 problems"):
        call_command("doctor", json=True, stdout=said)

    assert json.loads(said.getvalue())[0] == {
        "check": "breaks",
        "level": "problem",
        "text": "the check itself failed (ValueError)",
        "remedy": "mend what the other findings name, then run doctor again",
    }


def test_the_command_sends_a_letter_where_one_is_wanted(settings: LazySettings) -> None:
    settings.CHECKUP = ["registry.operations.checkup.machine.switches"]
    said = StringIO()

    call_command("doctor", mail_to="ops@example.com", stdout=said)

    assert [letter.to for letter in mail.outbox] == [["ops@example.com"]]
    assert said.getvalue().startswith("ok       DEBUG: off\n")
    with pytest.raises(CommandError, match="not an e-mail address"):
        call_command("doctor", mail_to="nobody")
