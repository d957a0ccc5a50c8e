"""What GitHub's secret scanning reports: whom we believe, what dies, who is told."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.core.cache import cache
from django.test import TestCase
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from accounts.models import ApiToken, AuditEvent, User
from accounts.operations.tokens import create_token, revoke_token
from accounts.token_text import TokenKind, new_token
from demo.github_alerts import AlertKey
from demo.github_server import FakeGitHub
from registry.api.secret_scanning import MAX_ALERTS, MAX_BODY
from tests.factories.registry import make_crate
from tests.wire import nothing_happens, publish, refusal, send

VERIFY = "/api/github/secret-scanning/verify"
KEYS = "GET /meta/public_keys/secret_scanning"
URL = "https://github.com/alice/dotfiles/blob/5f2c8e0/credentials.toml#L2"


@pytest.fixture
def github(db: None, settings: Settings) -> Iterator[FakeGitHub]:
    cache.clear()
    with FakeGitHub() as server:
        settings.GITHUB_API_URL = server.api_url
        yield server
    cache.clear()


def alert(token: str, **changed: object) -> dict[str, object]:
    return {"token": token, "type": "waybill_token", "url": URL, "source": "content"} | changed


def report(github: FakeGitHub, *alerts: object) -> Any:
    body, headers = github.scanning.alert(alerts)
    with TestCase.captureOnCommitCallbacks(execute=True):
        return post(body, **headers)


def post(body: bytes, **headers: str) -> Any:
    headers.pop("Content-Type", None)
    return send("POST", VERIFY, None, body, **headers)


def labels(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.content
    return [entry["label"] for entry in answer.json()]


# --- What dies ---


def test_a_reported_token_is_dead_and_its_owner_told(
    github: FakeGitHub, alice: User, alice_token: str
) -> None:
    assert publish(alice_token, "tide").status_code == 200
    make_crate("pool", owner=alice)
    make_crate("foreign")

    answer = report(github, alert(alice_token))

    assert answer.json() == [
        {"token_raw": alice_token, "token_type": "waybill_token", "label": "true_positive"}
    ]
    assert answer["Cache-Control"] == "no-store"
    assert refusal(send("GET", "/api/v1/me", alice_token), 403)["code"] == "authentication_failed"
    [letter] = mail.outbox[-1:]
    assert letter.to == ["alice@example.com"]
    assert letter.subject == "Your API token laptop leaked and was revoked"
    assert letter.body.strip() == LETTER.strip()


LETTER = f"""\
Hello alice,

your API token "laptop" was found where others may read it. It was revoked at once and opens \
nothing any more.

Found by: GitHub secret scanning (content)
Where: {URL}

Whoever had it could act on these crates of yours:

    pool
    tide

These versions were published with it, the latest first. Check that each of them is yours:

    tide@0.1.0

Remove the token from where it was found, look through your account and your crates for changes \
that are not yours, and make a new token where you still need one:

    http://127.0.0.1:8000/settings/tokens
"""


def test_it_is_audited_without_the_token(github: FakeGitHub, alice_token: str) -> None:
    report(github, alert(alice_token, url=f"https://example.com/?key={alice_token}"))

    event = AuditEvent.objects.get(name="token.leaked")
    assert (event.actor_kind, event.actor_label) == ("system", "GitHub secret scanning")
    assert event.subject == "laptop"
    assert event.after["source"] == "GitHub secret scanning (content)"
    assert event.after["place"] == "https://example.com/?key=[token]"
    assert alice_token not in mail.outbox[-1].body


def test_a_second_report_says_the_same_and_does_nothing(
    github: FakeGitHub, alice_token: str
) -> None:
    assert labels(report(github, alert(alice_token), alert(alice_token))) == ["true_positive"] * 2
    before = ApiToken.objects.get().revoked_at
    letters = len(mail.outbox)

    with nothing_happens():
        assert labels(report(github, alert(alice_token))) == ["true_positive"]

    assert ApiToken.objects.get().revoked_at == before
    assert len(mail.outbox) == letters
    assert [letter.subject for letter in mail.outbox].count(letter_subject()) == 1


def letter_subject() -> str:
    return "Your API token laptop leaked and was revoked"


def test_a_token_that_was_revoked_before_needs_no_letter(
    github: FakeGitHub, alice: User, alice_token: str
) -> None:
    revoke_token(user=alice, token_id=ApiToken.objects.get().pk)
    mail.outbox.clear()

    assert labels(report(github, alert(alice_token))) == ["true_positive"]
    assert mail.outbox == []


def test_an_expired_token_is_told_about(github: FakeGitHub, alice_token: str) -> None:
    ApiToken.objects.update(expires_at=timezone.now() - timedelta(days=1))

    assert labels(report(github, alert(alice_token))) == ["true_positive"]
    assert mail.outbox[-1].subject == letter_subject()


@pytest.mark.parametrize(
    "text",
    [new_token("wbl", TokenKind.API), new_token("wbl", TokenKind.PUBLISH), "cio123", "", "é" * 900],
)
def test_what_is_no_token_of_ours_is_a_false_positive(github: FakeGitHub, text: str) -> None:
    with nothing_happens():
        answer = report(github, alert(text, url="", source=None))

    assert answer.json() == [
        {"token_raw": text, "token_type": "waybill_token", "label": "false_positive"}
    ]


def test_the_answers_are_in_the_order_of_the_alerts(
    github: FakeGitHub, alice_token: str, bob_token: str
) -> None:
    unknown = new_token("wbl", TokenKind.API)

    answer = report(github, alert(bob_token), alert(unknown), alert(alice_token, type="other"))

    assert labels(answer) == ["true_positive", "false_positive", "true_positive"]
    assert [entry["token_type"] for entry in answer.json()] == ["waybill_token"] * 2 + ["other"]


def test_an_unknown_place_is_said_to_be_unknown(github: FakeGitHub, alice_token: str) -> None:
    report(github, {"token": alice_token, "type": "waybill_token"})

    assert "\nWhere: no location was supplied\n" in mail.outbox[-1].body
    assert "\nNo version was published with it.\n" in mail.outbox[-1].body


def test_only_crates_that_the_token_covers_are_at_risk(github: FakeGitHub, alice: User) -> None:
    for name in ("tide", "tide-pool", "other"):
        make_crate(name, owner=alice)
    narrow = create_token(user=alice, name="ci", patterns=["tide*"], scopes=["yank"])
    reader = create_token(user=alice, name="reader", scopes=["read"])

    report(github, alert(narrow.text))
    report(github, alert(reader.text))

    assert "    tide\n    tide-pool\n" in mail.outbox[-2].body
    assert "    other\n" not in mail.outbox[-2].body
    assert "crates of yours" not in mail.outbox[-1].body


def test_an_address_that_was_never_confirmed_is_warned_too(
    github: FakeGitHub, alice: User, alice_token: str
) -> None:
    alice.emailaddress_set.update(verified=False)

    report(github, alert(alice_token))

    assert mail.outbox[-1].to == ["alice@example.com"]


def test_many_alerts_cost_few_queries(
    github: FakeGitHub, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    report(github)
    unknown = [alert(new_token("wbl", TokenKind.API)) for _ in range(200)]

    # The keys, and one question between the ends of the transaction.
    with django_assert_max_num_queries(4):
        report(github, *unknown)


# --- Whom we believe ---


def test_an_alert_without_a_valid_signature_is_refused(
    github: FakeGitHub, alice_token: str
) -> None:
    body, headers = github.scanning.alert([alert(alice_token)])
    stranger = AlertKey(github.scanning.current.identifier)
    signed = headers["GitHub-Public-Key-Signature"]
    for changed, what in (
        ({"GitHub-Public-Key-Identifier": ""}, "missing HTTP header: GITHUB-PUBLIC-KEY-IDENTIFIER"),
        ({"GitHub-Public-Key-Signature": ""}, "missing HTTP header: GITHUB-PUBLIC-KEY-SIGNATURE"),
        ({"GitHub-Public-Key-Identifier": "x" * 9000}, "GitHub has no current key of this"),
        ({"GitHub-Public-Key-Signature": "%%%"}, "the signature is not base64"),
        ({"GitHub-Public-Key-Signature": "é"}, "the signature is not base64"),
        ({"GitHub-Public-Key-Signature": signed[:-8]}, "the signature "),
        ({"GitHub-Public-Key-Signature": stranger.sign(body)}, "the signature does not fit"),
    ):
        with nothing_happens():
            error = refusal(post(body, **{**headers, **changed}), 400)
        assert error["code"] == "unverified_alert"
        assert error["detail"].startswith(f"failed to verify request signature: {what}")
    with nothing_happens():
        assert refusal(post(body + b" ", **headers), 400)["code"] == "unverified_alert"
    assert ApiToken.objects.get().revoked_at is None


def test_keys_are_asked_for_once_a_day(github: FakeGitHub) -> None:
    for _ in range(5):
        assert labels(report(github)) == []

    assert github.requests[KEYS] == 1


def test_unknown_keys_are_asked_for_once_a_minute(github: FakeGitHub) -> None:
    report(github)
    cache.delete("github-alert-keys-asked")
    body, headers = github.scanning.alert([])

    for number in range(100):
        unknown = {**headers, "GitHub-Public-Key-Identifier": f"invented-{number}"}
        assert refusal(post(body, **unknown), 400)["code"] == "unverified_alert"

    assert github.requests[KEYS] == 2
    assert labels(report(github)) == []


def test_a_new_key_counts_at_once_and_the_former_no_more(github: FakeGitHub) -> None:
    report(github)
    cache.delete("github-alert-keys-asked")
    former_body, former_headers = github.scanning.alert([])
    github.scanning.rotate()

    assert labels(report(github)) == []
    error = refusal(post(former_body, **former_headers), 400)
    assert "GitHub has no current key" in error["detail"]


def test_a_github_that_is_away_makes_it_503(settings: Settings, github: FakeGitHub) -> None:
    body, headers = github.scanning.alert([])
    settings.GITHUB_API_URL = "http://127.0.0.1:1"

    for _ in range(2):
        answer = post(body, **headers)
        assert refusal(answer, 503)["code"] == "alert_keys_unavailable"
        assert answer["Retry-After"]


# --- What an alert is ---


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"[1]",
        b'[{"token": 1, "type": "a"}]',
        b'[{"token": "a"}]',
        b'[{"token": "a\\u0000", "type": "a"}]',
        b'[{"token": "\\ud800", "type": "a"}]',
        b"[" * 100_000,
        json.dumps([{"token": "a", "type": "b"}] * (MAX_ALERTS + 1)).encode(),
        b" " * (MAX_BODY + 1),
    ],
)
def test_a_body_that_is_no_list_of_alerts_is_refused(github: FakeGitHub, body: bytes) -> None:
    key = github.scanning.current
    headers = {
        "GitHub-Public-Key-Identifier": key.identifier,
        "GitHub-Public-Key-Signature": key.sign(body),
    }

    with nothing_happens():
        error = refusal(post(body, **headers), 400)

    assert error["code"] == "invalid_alert"
    assert error["detail"].startswith("invalid secret alert request: ")


def test_a_private_registry_takes_alerts_too(
    settings: Settings, github: FakeGitHub, alice_token: str
) -> None:
    settings.AUTH_REQUIRED = True

    assert labels(report(github, alert(alice_token))) == ["true_positive"]


def test_it_is_a_post(github: FakeGitHub) -> None:
    assert refusal(send("GET", VERIFY), 405)["code"] == "method_not_allowed"
