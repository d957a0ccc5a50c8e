"""Letters about new versions go to the owners who want them (trusted-publishing reference, g.1)."""

from typing import Any

import pytest
from django.core import mail

from accounts.models import User
from registry.models import Crate, Ownership
from registry.tasks import mail_version_published
from tests.factories.registry import make_crate, make_version
from tests.wire import publish


@pytest.fixture
def tide(alice: User, bob: User, charlie: User) -> Crate:
    """Of Alice, who is told; Bob wants no letter at all, and Charlie none about this crate."""
    crate = make_crate("tide", owner=alice)
    bob.publish_notifications = False
    bob.save()
    Ownership.objects.create(crate=crate, user=bob)
    Ownership.objects.create(crate=crate, user=charlie, email_notifications=False)
    return crate


def test_who_wants_to_know_is_told(
    tide: Crate, alice_token: str, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        publish(alice_token, "tide", "1.2.3")

    [letter] = mail.outbox
    assert letter.to == ["alice@example.com"]
    assert letter.subject == "tide 1.2.3 was published"
    assert "\nby alice with an API token.\n" in letter.body
    assert "/crates/tide/1.2.3" in letter.body


def test_a_job_is_named_by_its_workflow_and_run(tide: Crate) -> None:
    version = make_version(tide, provenance={})

    mail_version_published(version.pk)

    [letter] = mail.outbox
    assert "by the workflow release.yml of octo/hello, in this run:" in letter.body
    assert "https://github.com/octo/hello/actions/runs/1658821493/attempts/2" in letter.body


def test_a_version_that_is_gone_is_no_letter(db: None) -> None:
    mail_version_published(4711)

    assert mail.outbox == []
