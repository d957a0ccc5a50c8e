"""A publisher that a moderator stopped stays stopped, whatever its owners try."""

from collections.abc import Callable
from functools import partial

import pytest
from django.core import mail

from accounts.models import User
from registry.actors import Person, System
from registry.models import Crate
from tests.factories.registry import make_crate
from tests.factories.trustpub import make_publisher
from trustpub.errors import StoppedByModerators
from trustpub.models import PublisherCrate
from trustpub.operations.moderate import release_publisher, stop_publisher
from trustpub.operations.publisher_states import renew, resume, suspend
from trustpub.operations.publishers import add_publisher, edit_publisher, remove_publisher

pytestmark = pytest.mark.django_db


@pytest.fixture
def grant(alice: User) -> PublisherCrate:
    grant = make_publisher(make_crate("tide", owner=alice))
    stop_publisher(actor=System("tests"), publisher=grant.publisher, reason="stolen")
    grant.refresh_from_db()
    return grant


def test_owners_can_neither_resume_replace_remove_nor_add_it(
    grant: PublisherCrate, alice: User
) -> None:
    owner, publisher = Person(alice), grant.publisher
    form = {**publisher.fields}
    ids = {"repository_id": "74", "repository_owner_id": "65"}
    elsewhere = {**form, "repository_name": "other", **ids}

    tries: list[Callable[[], object]] = [
        lambda: resume(actor=owner, grant_id=grant.pk),
        lambda: suspend(actor=owner, grant_id=grant.pk),
        lambda: renew(actor=owner, grant_id=grant.pk),
        lambda: remove_publisher(actor=owner, grant_id=grant.pk),
        lambda: edit_publisher(actor=owner, grant_id=grant.pk, form=elsewhere),
    ]
    crates = (grant.crate, make_crate("other", owner=alice))
    tries += [partial(add, owner, crate, grant, {**form, **ids}) for crate in crates]
    for attempt in tries:
        with pytest.raises(StoppedByModerators):
            attempt()

    release_publisher(actor=System("tests"), publisher=publisher)
    suspend(actor=owner, grant_id=grant.pk)


def add(
    owner: Person, crate: Crate, grant: PublisherCrate, form: dict[str, str | None]
) -> PublisherCrate:
    return add_publisher(actor=owner, crate=crate, issuer=grant.publisher.issuer, form=form)


def test_its_owners_read_why(alice: User, django_capture_on_commit_callbacks: object) -> None:
    publisher = make_publisher(make_crate("tide", owner=alice)).publisher

    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
        stop_publisher(actor=System("tests"), publisher=publisher, reason="stolen")

    [letter] = mail.outbox
    assert letter.to == ["alice@example.com"]
    assert "stopped by the moderators of the registry: stolen." in str(letter.body)
