"""An administrator ends publishers and pending publishers, and says why (c.2 rule 12)."""

from typing import Any

import pytest
from django.core import mail
from django.test import Client

from accounts.admin.deeds import Verdict
from accounts.models import AuditEvent, User
from demo.issuer import LocalIssuer
from tests.accounts.deeds import do
from tests.ci import let_found, publish_token
from tests.wire import nothing_happens, publish, refusal
from trustpub.models import Issuer, PendingPublisher, Publisher, PublisherCrate

ROWS = {"pendingpublisher": PendingPublisher, "publisher": Publisher}


@pytest.fixture
def root(db: None, client: Client) -> Client:
    client.force_login(User.objects.create_superuser("root", password="x" * 20))
    return client


def delete(client: Client, kind: str, reason: str) -> Any:
    [row] = do(client, ROWS[kind], "delete", [ROWS[kind].objects.get()], reason=reason)
    assert row.verdict is Verdict.DONE


def test_a_pending_publisher_goes_with_its_tokens_and_a_letter(
    root: Client,
    alice: User,
    issuer: Issuer,
    ci: LocalIssuer,
    django_capture_on_commit_callbacks: Any,
) -> None:
    let_found("fresh", alice, issuer)
    token = publish_token(ci)

    with django_capture_on_commit_callbacks(execute=True):
        delete(root, "pendingpublisher", reason="squatting")

    assert not PendingPublisher.objects.exists()
    with nothing_happens():
        refusal(publish(token, "fresh"), 403)
    event = AuditEvent.objects.get(name="pending.deleted")
    assert (event.after, event.actor_label) == ({"reason": "squatting"}, "root")
    [letter] = mail.outbox
    assert letter.to == ["alice@example.com"]
    assert "squatting" in str(letter.body)


def test_a_publisher_goes_with_its_tokens_and_a_letter(
    root: Client,
    grant: PublisherCrate,
    ci: LocalIssuer,
    django_capture_on_commit_callbacks: Any,
) -> None:
    token = publish_token(ci)

    with django_capture_on_commit_callbacks(execute=True):
        delete(root, "publisher", reason="stolen account")

    assert not PublisherCrate.objects.exists()
    with nothing_happens():
        refusal(publish(token, "tide"), 403)
    event = AuditEvent.objects.get(name="publisher.deleted")
    assert (event.crate, event.after) == ("tide", {"reason": "stolen account"})
    assert "stolen account" in str(mail.outbox[-1].body)
