"""A publish token that leaked: reported by GitHub, or found in an upload (reference, d.7)."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.core.cache import cache
from django.test import TestCase
from django.utils import timezone
from pytest_django import Settings

from accounts.models import AuditEvent, User
from demo.github_server import FakeGitHub
from demo.issuer import LocalIssuer
from registry.models import Ownership
from tests.ci import let_found, publish_token
from tests.wire import nothing_happens, publish, refusal, send
from trustpub.models import Issuer, PublisherCrate, PublishToken

VERIFY = "/api/github/secret-scanning/verify"


@pytest.fixture
def github(db: None, settings: Settings) -> Iterator[FakeGitHub]:
    cache.clear()
    with FakeGitHub() as server:
        settings.GITHUB_API_URL = server.api_url
        yield server
    cache.clear()


def report(github: FakeGitHub, *tokens: str) -> Any:
    alerts = [{"token": t, "type": "waybill_token", "url": "", "source": ""} for t in tokens]
    body, headers = github.scanning.alert(alerts)
    headers.pop("Content-Type")
    with TestCase.captureOnCommitCallbacks(execute=True):
        answer = send("POST", VERIFY, None, body, **headers)
    assert answer.status_code == 200, answer.content
    return [entry["label"] for entry in answer.json()]


def test_a_reported_token_is_dead_and_the_owners_told(
    grant: PublisherCrate, ci: LocalIssuer, github: FakeGitHub, bob: User
) -> None:
    Ownership.objects.create(crate=grant.crate, user=bob)
    token = publish_token(ci)
    assert publish(token, "tide").status_code == 200

    assert report(github, token) == ["true_positive"]

    assert refusal(publish(token, "tide", "0.2.0"), 403)["code"] == "invalid_publish_token"
    assert [letter.to for letter in mail.outbox] == [["alice@example.com"], ["bob@example.com"]]
    assert mail.outbox[0].subject == "A publish token for tide leaked and was revoked"
    assert mail.outbox[0].body.strip() == LETTER.strip()
    event = AuditEvent.objects.get(name="publish_token.leaked")
    assert event.after == {"source": "GitHub secret scanning", "place": ""}


LETTER = """\
Hello,

a publish token of a CI job was found where others may read it. It was still valid, and was \
revoked at once.

Job: release.yml of ferris-labs/tidepool
Times used: 1
Found by: GitHub secret scanning
Where: no location was supplied

It was good for these crates of yours:

    tide

These versions were published with it, the latest first. Check that each of them is yours:

    tide@0.1.0

Find out how the job gives its token away, for example in a log or in a file that it packs, \
before it runs again. Your crates and publishers:

    http://127.0.0.1:8000/dashboard
"""


def test_a_second_report_says_the_same_and_does_nothing(
    grant: PublisherCrate, ci: LocalIssuer, github: FakeGitHub
) -> None:
    token = publish_token(ci)
    assert report(github, token, token) == ["true_positive"] * 2
    assert len(mail.outbox) == 1

    with nothing_happens():
        assert report(github, token) == ["true_positive"]
    assert len(mail.outbox) == 1


def test_the_owners_hear_of_an_expired_one_too(
    grant: PublisherCrate, ci: LocalIssuer, github: FakeGitHub
) -> None:
    token = publish_token(ci)
    past = timezone.now() - timedelta(days=2)
    PublishToken.objects.update(issued_at=past, expires_at=past + timedelta(minutes=15))

    assert report(github, token) == ["true_positive"]
    assert "It had expired on " in mail.outbox[0].body
    assert "\nNo version of them was published with it.\n" in mail.outbox[0].body


def test_each_person_reads_of_their_own_crates(
    grant: PublisherCrate, ci: LocalIssuer, issuer: Issuer, github: FakeGitHub, bob: User
) -> None:
    let_found("bobs-new-crate", bob, issuer)

    report(github, publish_token(ci))

    by_receiver = {letter.to[0]: letter.body for letter in mail.outbox}
    assert set(by_receiver) == {"alice@example.com", "bob@example.com"}
    assert "    tide\n" in by_receiver["alice@example.com"]
    assert "bobs-new-crate" not in by_receiver["alice@example.com"]
    assert "    bobs-new-crate\n" in by_receiver["bob@example.com"]
    assert "    tide\n" not in by_receiver["bob@example.com"]


def test_an_upload_with_it_is_refused_and_it_dies(grant: PublisherCrate, ci: LocalIssuer) -> None:
    token = publish_token(ci)
    files = {"src/lib.rs": b"", "target.log": f"CARGO_REGISTRY_TOKEN={token}".encode()}

    with TestCase.captureOnCommitCallbacks(execute=True):
        error = refusal(publish(token, "tide", files=files), 400)

    assert error["code"] == "token_in_upload"
    assert "`target.log`" in error["detail"]
    assert refusal(publish(token, "tide"), 403)["code"] == "invalid_publish_token"
    assert PublishToken.objects.get().revoked_because == "leaked"
    assert "Found by: an upload of tide 0.1.0 by github: release.yml of" in mail.outbox[0].body
    assert "Where: target.log\n" in mail.outbox[0].body
