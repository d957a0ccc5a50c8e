"""An administrator ends publishers and pending publishers, and says why (c.2 rule 12)."""

from typing import Any

import pytest
from django.core import mail
from django.test import Client

from accounts.models import AuditEvent, User
from demo.issuer import LocalIssuer
from tests.ci import let_found, publish_token
from tests.wire import nothing_happens, publish, refusal
from trustpub.models import Issuer, PendingPublisher, Publisher, PublisherCrate

ROWS = {"pendingpublisher": PendingPublisher, "publisher": Publisher}


@pytest.fixture
def root(db: None, client: Client) -> Client:
    client.force_login(User.objects.create_superuser("root", password="x" * 20))
    return client


def delete(client: Client, kind: str, **fields: str) -> Any:
    row = ROWS[kind].objects.get()
    data = {"action": "delete_with_reason", "_selected_action": str(row.pk), **fields}
    return client.post(f"/admin/trustpub/{kind}/", data)


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


@pytest.mark.parametrize("kind", ROWS)
def test_nothing_goes_without_a_reason_or_by_who_may_only_look(
    client: Client,
    root: Client,
    grant: PublisherCrate,
    alice: User,
    issuer: Issuer,
    kind: str,
) -> None:
    let_found("fresh", alice, issuer)

    delete(root, kind, reason=" ")
    assert ROWS[kind].objects.exists()

    User.objects.filter(pk=alice.pk).update(is_staff=True)
    client.force_login(alice)
    delete(client, kind, reason="why not")
    assert ROWS[kind].objects.exists()
