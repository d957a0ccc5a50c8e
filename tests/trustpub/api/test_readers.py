"""CI jobs that read from a private registry without any stored token (reference, d.8)."""

from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.core.management import CommandError, call_command
from django.test import TestCase
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from accounts.models import AuditEvent, User
from demo.github_server import FakeGitHub
from demo.issuer import LocalIssuer
from registry.actors import System
from registry.models import Crate
from registry.operations.leaks import Leak, end_leaked_tokens
from tests.ci import IDS, TOKENS, exchange, id_token
from tests.wire import nothing_happens, publish, refusal, send
from trustpub.models import ExchangeRefusal, Issuer, PublishToken, Reader
from trustpub.operations.issuers import trust_issuer
from trustpub.operations.readers import add_reader, remove_reader

OWNER_ID = IDS["repository_owner_id"]
READ = {"scope": "read"}
INDEX = "/index/config.json"


@pytest.fixture(autouse=True)
def _private(settings: Settings) -> None:
    settings.AUTH_REQUIRED = True


@pytest.fixture
def reader(issuer: Issuer) -> Reader:
    return add_reader(actor=System("tests"), issuer=issuer, owner="ferris-labs", owner_id=OWNER_ID)


def read_token(ci: LocalIssuer, **claims: object) -> str:
    answer = exchange(id_token(ci, **claims), **READ)
    assert answer.status_code == 200, answer.content
    return str(answer.json()["token"])


def reads(token: str) -> bool:
    return {200: True, 401: False}[send("GET", INDEX, token).status_code]


def test_a_job_of_the_organisation_reads_for_an_hour(reader: Reader, ci: LocalIssuer) -> None:
    answer = exchange(id_token(ci, repository_id="99"), **READ)

    assert answer.status_code == 200
    assert answer["Cache-Control"] == "no-store"
    body = answer.json()
    assert (body["crates"], body["new_crates"]) == ([], [])
    for path in (INDEX, "/api/v1/crates", "/feeds/crates.xml"):
        assert send("GET", path, body["token"]).status_code == 200
    token = PublishToken.objects.get()
    assert token.scopes == ["read"]
    assert token.expires_at - token.issued_at == timedelta(hours=1)
    event = AuditEvent.objects.get(name="exchange.granted")
    assert event.after == {"reads": str(reader)}
    reader.refresh_from_db()
    assert reader.last_used_at is not None

    PublishToken.objects.update(
        issued_at=timezone.now() - timedelta(hours=2), expires_at=timezone.now()
    )
    assert not reads(body["token"])


def test_it_does_nothing_but_read(
    reader: Reader, ci: LocalIssuer, tide: Crate, alice_token: str
) -> None:
    assert publish(alice_token, "tide").status_code == 200
    token = read_token(ci)

    for name in ("tide", "new-crate"):
        with nothing_happens():
            error = refusal(publish(token, name, "0.2.0"), 403)
        assert error["code"] == "token_does_not_cover"
    for method, path in (
        ("DELETE", "/api/v1/crates/tide/0.1.0/yank"),
        ("PUT", "/api/v1/crates/tide/owners"),
        ("GET", "/api/v1/me"),
        ("GET", "/api/v1/trusted_publishing/github_configs?crate=tide"),
    ):
        with nothing_happens():
            refusal(send(method, path, token, {"users": ["bob"]}), 403)


def test_others_get_none(reader: Reader, ci: LocalIssuer) -> None:
    for claims in (
        {"repository_owner_id": "1"},
        # The name alone is nothing: the organisation may have been re-created.
        {"repository_owner_id": "1", "repository_owner": "ferris-labs"},
    ):
        error = refusal(exchange(id_token(ci, **claims), **READ), 403)
        assert error["code"] == "no_publisher"
        assert "allow_reader" in error["detail"]
    assert not PublishToken.objects.exists()
    assert ExchangeRefusal.objects.count() == 2


def test_another_issuers_numbers_are_others(issuer: Issuer, ci: LocalIssuer) -> None:
    other = trust_issuer(actor=System("tests"), provider="github", url="https://other.example")
    add_reader(actor=System("tests"), issuer=other, owner="ferris-labs", owner_id=OWNER_ID)

    assert refusal(exchange(id_token(ci), **READ), 403)["code"] == "no_publisher"


def test_one_repository_is_no_other(issuer: Issuer, ci: LocalIssuer) -> None:
    add_reader(
        actor=System("tests"),
        issuer=issuer,
        owner="ferris-labs",
        owner_id=OWNER_ID,
        repository="tidepool",
        repository_id=IDS["repository_id"],
    )

    assert reads(read_token(ci))
    refusal(exchange(id_token(ci, repository_id="99"), **READ), 403)


@pytest.mark.parametrize("event", ["pull_request", "merge_group"])
def test_jobs_of_pull_requests_read_only_where_that_was_allowed(
    reader: Reader, ci: LocalIssuer, event: str
) -> None:
    error = refusal(exchange(id_token(ci, event_name=event), **READ), 403)
    assert error["code"] == "event_not_allowed"
    assert "allow_reader --pull-requests" in error["detail"]

    # The wider one allows it, whatever the narrower one says.
    Reader.objects.update(repository="tidepool", repository_id=IDS["repository_id"])
    add_reader(
        actor=System("tests"),
        issuer=reader.issuer,
        owner="ferris-labs",
        owner_id=OWNER_ID,
        pull_requests=True,
    )
    assert reads(read_token(ci, event_name=event))
    # Publishing never does.
    error = refusal(exchange(id_token(ci, event_name=event)), 403)
    assert error["code"] == "event_not_allowed"


@pytest.mark.parametrize("event", ["pull_request_target", "issue_comment", "workflow_run"])
def test_jobs_on_input_of_strangers_never_read(reader: Reader, ci: LocalIssuer, event: str) -> None:
    Reader.objects.update(pull_requests=True)

    error = refusal(exchange(id_token(ci, event_name=event), **READ), 403)

    assert error["code"] == "event_not_allowed"


def test_administrators_hear_of_a_leaked_one(
    reader: Reader, ci: LocalIssuer, alice: User, bob: User
) -> None:
    User.objects.filter(pk=bob.pk).update(is_superuser=True)
    token = read_token(ci)

    with TestCase.captureOnCommitCallbacks(execute=True):
        end_leaked_tokens(actor=System("tests"), leaks=[Leak(token, "a search", "log.txt")])

    assert not reads(token)
    [letter] = mail.outbox
    assert letter.to == ["bob@example.com"]
    assert letter.subject == "A CI job's token for reading leaked and was revoked"
    assert "a token for reading of a CI job was found" in letter.body
    assert "It opened everything that this registry lets its members read" in letter.body
    assert "Where: log.txt\n" in letter.body


def test_an_id_token_is_good_for_one_exchange(reader: Reader, ci: LocalIssuer) -> None:
    jwt = id_token(ci)
    assert exchange(jwt, **READ).status_code == 200

    assert refusal(exchange(jwt, **READ), 409)["code"] == "token_reused"


def test_a_reader_is_no_publisher(reader: Reader, ci: LocalIssuer) -> None:
    assert refusal(exchange(id_token(ci)), 403)["code"] == "no_publisher"


@pytest.mark.parametrize(
    "more", [{"scope": "write"}, {"scope": 1}, {"scope": ""}, READ | {"crates": ["tide"]}]
)
def test_what_it_asks_for_must_be_plain(
    reader: Reader, ci: LocalIssuer, more: dict[str, Any]
) -> None:
    assert refusal(exchange(id_token(ci), **more), 400)["code"] == "invalid_request"


def test_its_tokens_end_with_it(reader: Reader, ci: LocalIssuer) -> None:
    token = read_token(ci)
    assert reads(token)

    remove_reader(actor=System("tests"), reader_id=reader.pk)

    assert not reads(token)
    assert PublishToken.objects.get().revoked_because == "reader removed"
    assert AuditEvent.objects.filter(name="reader.deleted").exists()
    refusal(exchange(id_token(ci), **READ), 403)


def test_a_token_ends_when_the_job_says_so(reader: Reader, ci: LocalIssuer) -> None:
    token = read_token(ci)

    assert send("DELETE", TOKENS, token).status_code == 204

    assert not reads(token)


def test_a_switched_off_issuer_ends_reading(reader: Reader, ci: LocalIssuer) -> None:
    token = read_token(ci)

    Issuer.objects.update(state=Issuer.State.DISABLED)

    assert not reads(token)


def test_reading_costs_few_queries(
    reader: Reader, ci: LocalIssuer, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    token = read_token(ci)

    # The token, and whether something stands behind it.
    with django_assert_max_num_queries(2):
        assert reads(token)


# --- The command ---


def allow(*arguments: str) -> None:
    call_command("allow_reader", *arguments)


def test_the_command_adds_and_removes(issuer: Issuer, capsys: pytest.CaptureFixture[str]) -> None:
    named = ("github", "ferris-labs", "--issuer", issuer.url)

    allow(*named, "--owner-id", OWNER_ID)
    assert capsys.readouterr().out == f"all of ferris-labs on {issuer}\n"
    with pytest.raises(CommandError, match="may read already"):
        allow(*named, "--owner-id", OWNER_ID)
    allow(*named, "--remove")
    assert "no longer: all of ferris-labs" in capsys.readouterr().out

    allow(*named, "--owner-id", OWNER_ID, "--pull-requests")
    assert Reader.objects.get().pull_requests
    allow(*named, "--remove")
    assert not Reader.objects.exists()
    with pytest.raises(CommandError, match="no such reader"):
        allow(*named, "--remove")


def test_github_is_asked_for_the_numbers(db: None, settings: Settings) -> None:
    with FakeGitHub() as github:
        settings.GITHUB_URL, settings.GITHUB_API_URL = github.url, github.api_url
        Issuer.objects.filter(provider="github").update(web_url=github.url)
        github.add_user("ferris-labs", 42, kind="Organization")
        github.add_repository("ferris-labs", "tidepool", 7)
        allow("github", "ferris-labs")
        allow("github", "ferris-labs", "--repository", "tidepool")
        with pytest.raises(CommandError, match="Unknown GitHub user"):
            allow("github", "nobody-here")
        with pytest.raises(CommandError, match="--repository-id"):
            allow("github", "ferris-labs", "--repository", "hidden")

    ids = Reader.objects.order_by("pk").values_list("owner_id", "repository_id")
    assert list(ids) == [("42", ""), ("42", "7")]


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["ferris-labs"], "does not tell the owner's number; name it"),
        (["ferris-labs", "--owner-id", "x"], "owner_id: The ID must be a decimal"),
        (["ferris-labs", "--owner-id", "1", "--repository-id", "2"], "needs the repository's name"),
        (["x" * 256, "--owner-id", "1"], "at most 255"),
    ],
)
def test_what_cannot_be_a_reader_is_refused(
    issuer: Issuer, arguments: list[str], problem: str
) -> None:
    with pytest.raises(CommandError, match=problem):
        allow("github", *arguments, "--issuer", issuer.url)
    assert not Reader.objects.exists()
